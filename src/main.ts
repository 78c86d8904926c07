/**
 * The composition root: builds the rooms and connects them; the only file that knows them all.
 *
 *   kube ──reflectors──> graph sources ──mesh──> ──xds/translate──> xds/server ──> proxies
 *                             │                                         │
 *                        controllers <───────────── acks ───────────────┘
 */

import { createAnalysisSources } from './analysis/facts.ts';
import { systemClock } from './base/clock.ts';
import { describeError, WeftError } from './base/errors.ts';
import { listening } from './base/listening.ts';
import { createLogger, type Logger } from './base/log.ts';
import { registry } from './base/metrics.ts';
import { tokenAudience } from './base/names.ts';
import { version } from './base/version.ts';
import { AuthorityKeeper } from './controllers/authority-keeper.ts';
import { authorityLifetimes, authorityName } from './controllers/authority-settings.ts';
import { createControllerSources, createControllers } from './controllers/controllers.ts';
import { createGatewayControllerSources } from './controllers/gateway-sources.ts';
import { PodCertificates } from './controllers/pod-certificates.ts';
import { deriveReported } from './controllers/route-progress.ts';
import { ServingCertificates } from './controllers/serving.ts';
import { webhookObjectName } from './controllers/webhook-objects.ts';
import { WorkloadIdentities } from './controllers/workload-identities.ts';
import { createHealthServer } from './dashboard/health.ts';
import { registerProcessMetrics } from './dashboard/process-metrics.ts';
import { createFindings } from './findings.ts';
import { kindsOfGateways } from './gateway-watches.ts';
import { createGateways } from './gateways.ts';
import { Graph } from './graph/graph.ts';
import { identify } from './identify.ts';
import { currentInjection } from './injection.ts';
import { createKubeApi } from './kube/api.ts';
import { LeaderElection } from './kube/lease.ts';
import { createLiveRequests } from './live-requests.ts';
import { servesPodCertificates } from './kube/resources.ts';
import { TokenReviewer } from './kube/token-review.ts';
import { createMesh } from './mesh/mesh.ts';
import { createMeshSources } from './mesh/sources.ts';
import { createObservability } from './observability.ts';
import { createProxyServer } from './proxy-server.ts';
import { parseSettings, type Settings, settingsHelp } from './settings.ts';
import { startWatches } from './watches.ts';
import { collectorOf } from './telemetry/golden-exporter.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import { createWebhookServer } from './webhook/server.ts';
import type { ResourceAcks } from './xds/resource.ts';
import { carrierNames } from './xds/translate/carrier-names.ts';
import { createTranslation } from './xds/translate/translation.ts';

/** A pod may connect before the watch has told of it. */
const unknownPodPatienceMs = 5_000;

async function run(settings: Settings, log: Logger, stop: AbortSignal): Promise<void> {
  const clock = systemClock;
  const api = createKubeApi({
    kubeconfigPath: settings.kubeconfig,
    context: settings.context,
    log: log.child({ room: 'kube' }),
  });

  // Kubernetes objects -> sources of the graph.
  const graphLog = log.child({ room: 'graph' });
  const graph = new Graph({
    onError: (error, where) =>
      graphLog.error(
        { ...where, error: describeError(error) },
        'a derivation failed; its last good value stays',
      ),
  });
  const sources = createMeshSources(graph, {
    image: settings.proxyImage,
    redirectImage: settings.redirectImage,
    imagePullPolicy: settings.imagePullPolicy,
  });
  const controllerSources = createControllerSources(graph);
  const { authorities, requests, mutating, validating } = controllerSources;
  const gatewaySources = settings.gateways === 'enabled' ? createGatewayControllerSources(graph) : undefined;
  const acks = graph.source<ResourceAcks>('acks');
  const facts = createAnalysisSources(graph);

  // The mesh, and Envoy's view of it.
  const mesh = createMesh(graph, sources);
  const translation = createTranslation(graph, mesh);

  const certificates = new PodCertificates({ pods: mesh.pods, requests });

  const trustDomain = (): string => mesh.settings.get('default')?.trustDomain ?? 'cluster.local';
  const lifetimes = () => authorityLifetimes(authorities.get(authorityName));

  const controllerLog = log.child({ room: 'controllers' });
  const keeper = new AuthorityKeeper({
    api,
    namespace: settings.namespace,
    clock,
    log: controllerLog,
    trustDomain,
    lifetimes,
  });

  const background: Promise<unknown>[] = [];
  const watches = startWatches({
    api,
    log: log.child({ room: 'kube' }),
    stop,
    systemNamespace: settings.namespace,
    mesh: sources,
    controllers: controllerSources,
    analysis: facts,
    ...(gatewaySources === undefined ? {} : { gateways: gatewaySources }),
    authoritySecret: keeper,
  });
  background.push(watches.ended);

  const missing = new Set(['the Kubernetes objects', 'the certificate authority', 'the servers']);
  const webhooks = 'the webhook configurations';
  missing.add(webhooks);
  registerProcessMetrics({ registry });
  // Both kinds of proxies are always let in: pods from before an upgrade of the cluster keep their tokens.
  const reviewer = new TokenReviewer({ api, audience: tokenAudience, clock });
  const telemetry = createTelemetry({
    replica: settings.podName,
    pods: mesh.pods,
    servicePorts: mesh.servicePorts,
    review: (token) => reviewer.review(token),
    limits: {
      maxSeries: settings.telemetrySeries,
      maxSeriesOfReporter: Math.ceil(settings.telemetrySeries / 10),
      maxBytes: settings.telemetryMemory * 1024 * 1024,
    },
    collector: () => collectorOf(mesh.settings.get('default')?.telemetry.metricsExport),
    clock,
    log: log.child({ room: 'telemetry' }),
  });
  const health = createHealthServer({
    registry,
    missing: () => [...missing],
    more: telemetry.exposition,
  });
  await listening(health, settings.metricsPort, settings.bindAddress);
  await watches.synced;
  await graph.settled();
  missing.delete('the Kubernetes objects');

  // Identity: the authority, and what is served from it.
  await keeper.start(stop);
  if (stop.aborted) return;
  const serving = new ServingCertificates({
    keeper,
    identity: () => ({
      namespace: settings.namespace,
      serviceName: settings.serviceName,
      serviceAccount: settings.serviceAccount,
      trustDomain: trustDomain(),
    }),
    lifetimeMs: () => lifetimes().servingMs,
    clock,
    log: controllerLog,
  });
  serving.start(stop);
  const certificate = serving.current;
  if (certificate === undefined) throw new Error('the authority issued no serving certificate');
  missing.delete('the certificate authority');
  const identities = new WorkloadIdentities({
    keeper,
    lifetimeMs: () => lifetimes().workloadMs,
    clock,
    log: controllerLog,
  });
  identities.start(stop);
  // Decided once: what new pods are given must not change while a cluster is being upgraded.
  const kubeletsMakeThem = settings.identities === 'auto' && (await servesPodCertificates(api));
  const identitySource = kubeletsMakeThem ? 'podCertificate' : 'sds';

  // Leadership is only about who writes.
  const leadership = new LeaderElection({
    api,
    namespace: settings.namespace,
    name: 'weft',
    identity: settings.podName,
    log: controllerLog,
  });
  const injection = currentInjection(settings, identitySource, {
    settings: () => mesh.settings.get('default'),
    trustRoots: () => keeper.authority?.trustBundle,
  });
  const reported = deriveReported(graph, {
    reports: controllerSources.reports,
    pods: mesh.pods,
    namespace: settings.namespace,
    podName: settings.podName,
  });
  const gateways =
    gatewaySources === undefined
      ? undefined
      : createGateways({
          api,
          leadership,
          clock,
          log: controllerLog,
          graph,
          namespace: settings.namespace,
          acks,
          reported,
          sources,
          controllerSources: gatewaySources,
          mesh,
          translation,
          injection,
          onInjectionChange: (listener) => {
            mesh.settings.subscribe(listener);
            keeper.onChange(listener);
          },
        });
  const controllers = createControllers({
    api,
    graph,
    sources: controllerSources,
    mesh,
    translation,
    acks,
    carrierNames,
    reported,
    otherProgress: gateways === undefined ? [] : [gateways.progress],
    otherObjects: gateways?.objects ?? {},
    keeper,
    leadership,
    namespace: settings.namespace,
    podName: settings.podName,
    serviceName: settings.serviceName,
    owner: settings.owner,
    trustDomain,
    clock,
    log: controllerLog,
  });

  const findings = createFindings({
    graph,
    mesh,
    sources,
    facts,
    namespace: settings.namespace,
    podName: settings.podName,
    api,
    leadership,
    clock,
    log: controllerLog,
    proxy: () => ({ version, settings: injection().settingsHash }),
    unwatched: gateways === undefined ? kindsOfGateways : [],
  });
  mesh.settings.subscribe(findings.refresh);
  keeper.onChange(findings.refresh);

  // The servers.
  const identifying = {
    pods: mesh.pods,
    settings: mesh.settings,
    review: (token: string) => reviewer.review(token),
    patienceMs: unknownPodPatienceMs,
  };
  const liveRequests = createLiveRequests({
    pods: mesh.pods,
    destinations: mesh.destinations,
    profiles: mesh.telemetryProfiles,
    trustDomain,
    tls: () => serving.current ?? certificate,
    identify: (peer, nodeId) => identify(identifying, peer, nodeId),
    clock,
    log: log.child({ room: 'telemetry' }),
  });
  const xds = createProxyServer({
    graph,
    mesh,
    used: sources.used,
    translation,
    acks,
    certificate,
    certificates,
    identities,
    identifying,
    methods: telemetry.methods,
    streams: liveRequests.streams,
    clock,
    log: log.child({ room: 'xds' }),
  });
  const webhook = createWebhookServer({
    injection,
    namespaceLabels: (name) => sources.namespaces.get(name),
    advise: findings.advise,
    tls: { key: certificate.key, certificate: certificate.cert },
    log: log.child({ room: 'webhook' }),
  });
  serving.onChange(({ key, cert, ca }) => {
    webhook.updateTls({ key, certificate: cert });
    xds.updateTls({ key, cert, ca });
  });
  // The trust domain is part of the identity that proxies expect; a MeshConfig may come after the start.
  mesh.settings.subscribe(() => serving.refresh());
  const observability = createObservability({
    settings,
    api,
    clock,
    log,
    stop,
    graph,
    mesh,
    sources,
    translation,
    acks,
    keeper,
    serving,
    certificate,
    certificates,
    leadership,
    telemetry,
    liveRequests,
    trustDomain,
    findings: findings.all,
    xds,
    injection,
  });
  await xds.listen(settings.xdsPort, settings.bindAddress);
  await webhook.listen(settings.bindAddress, settings.webhookPort);
  await observability.listen();
  missing.delete('the servers');
  // Until the API server knows the webhook, a pod of a labelled namespace would start without its proxy.
  const lookForWebhooks = (): void => {
    if (mutating.has(webhookObjectName) && validating.has(webhookObjectName)) missing.delete(webhooks);
  };
  mutating.subscribe(lookForWebhooks);
  validating.subscribe(lookForWebhooks);
  lookForWebhooks();
  background.push(leadership.run(stop), controllers.run(stop), findings.run(stop), observability.run(stop));
  background.push(telemetry.run(stop));
  if (gateways !== undefined) background.push(gateways.run(stop));
  log.info({ version, identitySource, watched: watches.resources }, 'ready');

  await aborted(stop);
  missing.add('nothing: this replica is going away');
  await Promise.all([webhook.close(), xds.close(), observability.close()]);
  health.close();
  await Promise.all(background);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(settingsHelp());
    return;
  }
  const settings = parseSettings(process.argv.slice(2));
  const log = createLogger(settings.logLevel);
  process.on('unhandledRejection', (error) => {
    log.fatal(
      { error: describeError(error), stack: error instanceof Error ? error.stack : undefined },
      'unhandled rejection',
    );
    process.exit(1);
  });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  await run(settings, log, stop.signal);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const text =
      error instanceof WeftError
        ? error.describe()
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    process.stderr.write(`${text}\n`);
    process.exit(error instanceof WeftError ? 2 : 1);
  },
);
