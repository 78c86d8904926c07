/** What a report is made of: each section is asked for by itself, so that one that fails does not take the others. */

import { describeError } from '../../base/errors.ts';
import type { ObserveResource } from '../../base/observe.ts';
import { sidecarContainer } from '../../base/names.ts';
import { version } from '../../base/version.ts';
import type { ReplicaStatus } from '../../dashboard/debug.ts';
import * as resources from '../../kube/resources.ts';
import type { KubeObject, ResourceType } from '../../kube/types.ts';
import { check } from '../commands/check.ts';
import type { CommandContext } from '../context.ts';
import { readLines } from '../lines.ts';
import { observe } from '../observe.ts';
import { proxyViews } from '../proxy-tables.ts';
import { askReplicas } from '../replicas.ts';

/** A file of the report, before anything is taken out of it. */
export interface Section {
  readonly path: string;
  /** Text is a log; everything else becomes YAML. */
  readonly read: () => Promise<unknown>;
}

/** Configuration of the mesh, of all namespaces. Never Secrets and ConfigMaps: what is in them is not ours to know. */
const configuration: readonly ResourceType[] = [
  resources.meshConfigs,
  resources.certificateAuthorities,
  resources.mutualTLSPolicies,
  resources.telemetryPolicies,
  resources.gatewayClasses,
  resources.gateways,
  resources.listenerSets,
  resources.httpRoutes,
  resources.grpcRoutes,
  resources.tlsRoutes,
  resources.tcpRoutes,
  resources.udpRoutes,
  resources.referenceGrants,
  resources.backendTLSPolicies,
  resources.backendTrafficPolicies,
  resources.meshes,
  resources.mutatingWebhookConfigurations,
  resources.validatingWebhookConfigurations,
  resources.apiServices,
  resources.namespaces,
];

/** What runs the mesh, in its own namespace. */
const own: readonly ResourceType[] = [
  resources.deployments,
  resources.pods,
  resources.services,
  resources.endpointSlices,
  resources.leases,
  resources.events,
];

const views: readonly ObserveResource[] = [
  'overview',
  'findings',
  'proxies',
  'workloads',
  'services',
  'routes',
  'policies',
  'certificates',
];

export interface ReportWishes {
  /** `namespace/pod` */
  readonly proxies: readonly string[];
  /** Lines of each log. */
  readonly tail: number;
}

export async function sectionsOf(context: CommandContext, wishes: ReportWishes): Promise<readonly Section[]> {
  const { api, weftNamespace } = context;
  const replicas = await api
    .list(resources.pods, { namespace: weftNamespace, labelSelector: 'app.kubernetes.io/name=weft' })
    .catch((): readonly KubeObject[] => []);
  return [
    { path: 'versions.yaml', read: () => versions(context) },
    { path: 'checks.yaml', read: () => check(context, true) },
    { path: 'status.yaml', read: () => askReplicas(context, '/v1/status') },
    ...views.map((resource) => ({
      path: `observed/${resource}.yaml`,
      read: () => observe(context, { resource }),
    })),
    {
      path: 'observed/graph.yaml',
      read: () => observe(context, { resource: 'graph', query: { window: '300s' } }),
    },
    ...configuration.map((type) => ({
      path: `configuration/${resources.resourceNameOf(type)}.yaml`,
      read: () => api.list(type),
    })),
    ...own.map((type) => ({
      path: `control-plane/${resources.resourceNameOf(type)}.yaml`,
      read: () => api.list(type, { namespace: weftNamespace }),
    })),
    ...replicas.flatMap(({ metadata: { name } }) =>
      logs(context, `${weftNamespace}/${name}`, undefined, wishes.tail),
    ),
    ...wishes.proxies.flatMap((key) => proxy(context, key, wishes.tail)),
  ];
}

async function versions(context: CommandContext): Promise<unknown> {
  const kubernetes = await context.api.request('GET', '/version').catch(describeError);
  const replicas = await askReplicas<ReplicaStatus>(context, '/v1/status').catch(describeError);
  return {
    weft: version,
    node: process.versions.node,
    kubernetes,
    controlPlane:
      typeof replicas === 'string'
        ? replicas
        : replicas.map(({ replica, version: own }) => ({ replica, version: own })),
  };
}

/** The log of a container, and what it said before it was restarted the last time. */
function logs(
  context: CommandContext,
  key: string,
  container: string | undefined,
  tail: number,
): readonly Section[] {
  const [namespace = '', name = ''] = key.split('/');
  const path = `${resources.pathOf(resources.pods, { namespace, name })}/log`;
  return [false, true].map((previous) => ({
    path: `logs/${key}${previous ? '.before-restart' : ''}.log`,
    read: async () => {
      const query = { container, tailLines: tail, ...(previous ? { previous } : {}) };
      const stream = await context.api.stream(path, { query, accept: '*/*' });
      const lines: string[] = [];
      for await (const line of readLines(stream)) lines.push(line);
      return lines.join('\n');
    },
  }));
}

function proxy(context: CommandContext, key: string, tail: number): readonly Section[] {
  const [namespace = '', name = ''] = key.split('/');
  const ask = (rest: string) => () => observe(context, { resource: 'proxies', namespace, rest });
  return [
    { path: `proxies/${key}/pod.yaml`, read: () => context.api.get(resources.pods, name, namespace) },
    { path: `proxies/${key}/held.yaml`, read: ask(name) },
    { path: `proxies/${key}/config.yaml`, read: ask(`${name}/config`) },
    ...proxyViews.map((view) => ({ path: `proxies/${key}/${view}.yaml`, read: ask(`${name}/${view}`) })),
    ...logs(context, key, sidecarContainer, tail),
  ];
}
