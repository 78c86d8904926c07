/** The part of the composition root that is about observability: what is counted, and the API that tells it. */

import { join } from 'node:path';
import { formatIdentity } from './base/spiffe.ts';
import type { Clock } from './base/clock.ts';
import { listening } from './base/listening.ts';
import type { Logger } from './base/log.ts';
import { version } from './base/version.ts';
import type { Findings } from './dashboard/views/findings.ts';
import { ApiServicesController } from './controllers/api-services.ts';
import { authorityProblem } from './controllers/authority-status.ts';
import type { AuthorityKeeper } from './controllers/authority-keeper.ts';
import type { Leadership } from './controllers/leading.ts';
import type { PodCertificates } from './controllers/pod-certificates.ts';
import { type ServingCertificate, type ServingCertificates, servingNames } from './controllers/serving.ts';
import { certificatesIn } from './dashboard/client-certificate.ts';
import { explain, type ExplainableKind, explainable, type ExplainSources } from './dashboard/explain.ts';
import { observeResourcesOf } from './dashboard/observe-group.ts';
import { badParameter } from './dashboard/errors.ts';
import { Peers, type Replica } from './dashboard/peers.ts';
import type { Answer } from './dashboard/resources.ts';
import { type ApiTls, createApiServer, type PeerMethods } from './dashboard/server.ts';
import { smiGroupOf } from './dashboard/smi-group.ts';
import { readStaticFiles, staticFileAt } from './dashboard/static-files.ts';
import type { Authority } from './dashboard/views/overview.ts';
import type { ReplicaReport } from './dashboard/views/replica.ts';
import { createDebugServer, type ReplicaStatus } from './dashboard/debug.ts';
import type { Collection, GraphApi } from './graph/types.ts';
import type { KubeClient } from './kube/types.ts';
import { UserReviewer } from './kube/user-review.ts';
import type { LiveRequests } from './live-requests.ts';
import type { WorkedMesh } from './mesh/workings.ts';
import type { MeshSources } from './mesh/sources.ts';
import { watchForObservability } from './observe-watches.ts';
import type { Settings } from './settings.ts';
import type { TrafficQuery } from './telemetry/model.ts';
import type { TapSpec } from './telemetry/tap-filter.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import type { XdsServer } from './xds/server/server.ts';
import type { PreparedInjection } from './webhook/inject/inject.ts';
import type { ResourceAcks, Translation } from './xds/resource.ts';

export interface ObservabilityOptions {
  readonly settings: Settings;
  readonly api: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stop: AbortSignal;
  readonly graph: GraphApi;
  readonly mesh: WorkedMesh;
  readonly sources: MeshSources;
  readonly translation: Translation;
  readonly acks: Collection<ResourceAcks>;
  readonly keeper: AuthorityKeeper;
  readonly serving: ServingCertificates;
  /** The first one that was issued. */
  readonly certificate: ServingCertificate;
  readonly certificates: PodCertificates;
  readonly leadership: Leadership;
  readonly telemetry: Telemetry;
  readonly liveRequests: LiveRequests;
  readonly trustDomain: () => string;
  /** What the analysis finds. */
  readonly findings: Findings;
  readonly xds: Pick<XdsServer, 'proxies' | 'proxy'>;
  readonly injection: () => PreparedInjection;
}

export interface Observability {
  listen(): Promise<void>;
  /** What runs beside the servers, until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

export function createObservability(options: ObservabilityOptions): Observability {
  const { settings, api, clock, graph, mesh, serving, stop, telemetry, xds } = options;
  const log = options.log.child({ room: 'dashboard' });
  const watches = watchForObservability({ api, graph, log: options.log.child({ room: 'kube' }), stop });
  const own = () => ({
    namespace: settings.namespace,
    serviceName: settings.serviceName,
    serviceAccount: settings.serviceAccount,
    trustDomain: options.trustDomain(),
  });
  const current = (): ServingCertificate => serving.current ?? options.certificate;
  const peers = new Peers({
    self: settings.podName,
    others: () => otherReplicas(options),
    port: settings.apiPort,
    tls: () => {
      const { key, cert, ca } = current();
      const serverName = servingNames(own())[0] ?? '';
      return { key, cert, ca, serverName, identity: formatIdentity(own()) };
    },
    log,
  });
  const taps = options.liveRequests.taps(peers);
  const startedMs = clock.monotonic();
  const status = (): ReplicaStatus => statusOf(options);
  const explaining: ExplainSources = {
    graph,
    sources: byName(Object.values(options.sources)),
    translation: options.translation,
    acks: options.acks,
  };
  const report = (): ReplicaReport => ({
    ...status(),
    sinceMs: Math.round(clock.now() - (clock.monotonic() - startedMs)),
    serving: { serial: current().serial, notAfterMs: current().notAfterMs },
    rejections: rejectionsOf(options),
  });
  const peerMethods: PeerMethods = {
    replica: () => json(report()),
    proxy: (query) => json(xds.proxy(query.get('key') ?? '') ?? null),
    explain: (query) => {
      const kind = query.get('kind') ?? '';
      if (!Object.hasOwn(explainable, kind)) throw badParameter('kind', 'There is no such kind.');
      return json(explain(explaining, kind as ExplainableKind, query.get('key') ?? ''));
    },
    stat: async (query) => json(await telemetry.part(JSON.parse(query.get('query') ?? '{}') as TrafficQuery)),
    tap: (query, signal) => ({
      kind: 'stream',
      items: taps.forPeer(JSON.parse(query.get('spec') ?? '{}') as TapSpec, signal),
    }),
  };
  const users = new UserReviewer({ api, clock });
  const files = readStaticFiles(settings.uiDirectory || join(import.meta.dirname, 'ui'));
  const tls = (): ApiTls => ({
    key: current().key,
    cert: current().cert,
    ca: [current().ca, watches.frontProxy()?.authorities ?? ''].join('\n'),
  });
  const authorities = memo(certificatesIn);
  const server = createApiServer({
    groups: [
      observeResourcesOf({
        peers,
        mesh,
        sources: options.sources,
        findings: options.findings,
        traffic: telemetry,
        taps,
        files,
        report,
        detail: (key) => xds.proxy(key),
        controlPort: options.liveRequests.controlPort,
        explain: (kind, key) => explain(explaining, kind, key),
        authority: () => authorityNow(options.keeper, clock.now()),
        controlPlane: settings,
        nowMs: () => clock.now(),
      }),
      smiGroupOf({ peers, traffic: telemetry }),
    ],
    peerMethods,
    authentication: {
      frontProxy: watches.frontProxy,
      userOfToken: (token) => users.user(token),
      self: () => ({ identity: formatIdentity(own()), authorities: authorities(current().ca) }),
      nowMs: () => clock.now(),
    },
    mayAccess: (user, access) => users.mayAccess(user, access),
    staticFile: (path) => staticFileAt(files, path),
    tls: tls(),
    log,
  });
  serving.onChange(() => server.updateTls(tls()));
  watches.onFrontProxy(() => server.updateTls(tls()));
  const apiServices = new ApiServicesController({
    api,
    current: watches.apiServices,
    keeper: options.keeper,
    leadership: options.leadership,
    namespace: settings.namespace,
    serviceName: settings.serviceName,
    owner: settings.owner,
    wanted: settings.aggregatedApi === 'enabled',
    served: watches.servesApiServices,
    clock,
    log: options.log.child({ room: 'controllers' }),
  });
  const debug = createDebugServer({
    status,
    proxy: (key) => xds.proxy(key),
    explain: (kind, key) => explain(explaining, kind, key),
    // Plain data but for the function that makes random words, which JSON leaves out.
    injection: () => options.injection().context,
  });
  return {
    listen: async () => {
      await listening(debug, settings.debugPort, '127.0.0.1');
      const port = await server.listen(settings.bindAddress, settings.apiPort);
      log.info({ port, version, files: files.size }, 'the API is served');
    },
    run: async (signal) => {
      // Who does not know yet what there is would overwrite what is another program's.
      await Promise.race([watches.synced, watches.ended]);
      await Promise.all([apiServices.run(signal), watches.ended]);
    },
    close: async () => {
      await server.close();
      debug.close();
      peers.close();
      telemetry.close();
    },
  };
}

function statusOf({ settings, leadership, clock, xds, certificates }: ObservabilityOptions): ReplicaStatus {
  return {
    replica: settings.podName,
    version,
    leading: leadership.leading,
    nowMs: clock.now(),
    proxies: xds.proxies().map((proxy) => {
      const dates = certificates.get(proxy.proxy);
      return dates === undefined ? proxy : { ...proxy, certificate: dates };
    }),
  };
}

function byName(candidates: readonly unknown[]): Readonly<Record<string, Collection<unknown>>> {
  const collections = candidates.filter(
    (one): one is Collection<unknown> => typeof one === 'object' && one !== null && 'entries' in one,
  );
  return Object.fromEntries(collections.map((collection) => [collection.name, collection]));
}

function authorityNow({ authority, fault }: AuthorityKeeper, nowMs: number): Authority {
  const problem = authorityProblem({ authority, fault, issued: 0, lastIssuedMs: undefined, nowMs });
  return { problem, dates: authority };
}

function json(body: unknown): Answer {
  return { kind: 'json', body };
}

/** Pods behind the control plane's own Service, but for this one; ready or not, since a silent one must be missed. */
function otherReplicas({ settings, sources }: ObservabilityOptions): readonly Replica[] {
  const { namespace, serviceName, podName } = settings;
  const selector = Object.entries(sources.services.get(`${namespace}/${serviceName}`)?.selector ?? {});
  if (selector.length === 0) return [];
  const replicas: Replica[] = [];
  for (const [, pod] of sources.pods.entries()) {
    const isReplica =
      pod.namespace === namespace && selector.every(([label, value]) => pod.labels[label] === value);
    if (!isReplica || pod.name === podName || pod.terminating) continue;
    replicas.push({ name: pod.name, address: pod.addresses[0] ?? '' });
  }
  return replicas;
}

function rejectionsOf({ acks, graph, translation }: ObservabilityOptions): ReplicaReport['rejections'] {
  const rejections: ReplicaReport['rejections'][number][] = [];
  for (const [resource, { rejected }] of acks.entries()) {
    if (rejected === undefined) continue;
    const space = resource.indexOf(' ');
    const kind = resource.slice(0, space) as keyof Translation['resources'];
    const causes = graph.causes(translation.resources[kind], resource.slice(space + 1), translation.presence);
    const from = causes.map(({ collection, key }) => `${collection} ${key}`);
    rejections.push({ resource, message: rejected.message, from });
  }
  return rejections;
}

/** Remembers the answer to the last question. */
function memo<A, B>(compute: (input: A) => B): (input: A) => B {
  let last: { readonly input: A; readonly output: B } | undefined;
  return (input) => {
    if (last?.input !== input) last = { input, output: compute(input) };
    return last.output;
  };
}
