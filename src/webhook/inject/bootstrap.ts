/**
 * Envoy's bootstrap as one line of JSON for `--config-yaml`. Everything but a pod's own drain path, probes
 * and heap limit is the same for the whole mesh, so it is rendered once per settings and spliced per pod.
 * `$(NAME)` in it is expanded by the kubelet from the container's environment.
 */

import type { Json, JsonObject } from '../../base/json.ts';
import { bootstrapClusters, clusterMark } from './bootstrap-clusters.ts';
import { bootstrapListeners, filterMark, routeMark } from './bootstrap-listeners.ts';
import { statsMatcher } from './bootstrap-stats.ts';
import { histogramBuckets, reporting } from './bootstrap-telemetry.ts';
import type { InjectContext } from './context.ts';
import { adminSocket } from './envoy.ts';
import { fill, mark, splitAtMarks } from './template.ts';

/** What differs from pod to pod. */
export interface PodBootstrap {
  /** Routes, HTTP filters and clusters that answer the kubelet in the application's place. */
  readonly routes: readonly JsonObject[];
  readonly filters: readonly JsonObject[];
  readonly clusters: readonly JsonObject[];
  /** Set where the sidecar has a memory limit: the proxy sheds load before the kernel kills it. */
  readonly maxHeapBytes?: number;
}

export interface Bootstrap {
  readonly text: string;
  /** The same as a JSON string, quotes included: escaping ten kilobytes is the dearest part of a patch. */
  readonly json: string;
}

/** Renders what is common; the returned function makes one pod's bootstrap of it. */
export function compileBootstrap(context: InjectContext): (pod: PodBootstrap) => Bootstrap {
  const parts = splitAtMarks(JSON.stringify(bootstrap(context)));
  const escapedParts = parts.map((part) => ({ ...part, text: escape(part.text) }));
  return (pod) => {
    const heap = heapLimit(pod.maxHeapBytes);
    const filling = {
      [clusterMark]: elements(pod.clusters),
      [routeMark]: elements(pod.routes),
      [filterMark]: elements(pod.filters),
      [monitorMark]: elements(heap.monitors),
      [actionMark]: elements(heap.actions),
    };
    const escaped = Object.fromEntries(Object.entries(filling).map(([name, own]) => [name, escape(own)]));
    return { text: fill(parts, filling), json: `"${fill(escapedParts, escaped)}"` };
  };
}

/** Without the brackets of their list. */
function elements(list: readonly Json[]): string {
  return JSON.stringify(list).slice(1, -1);
}

/** As in a JSON string, without its quotes. */
function escape(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

const monitorMark = 'monitors';
const actionMark = 'actions';

function bootstrap(context: InjectContext): JsonObject {
  const ads: JsonObject = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
  return {
    node: { id: '$(POD_NAMESPACE)/$(POD_NAME)/$(POD_UID)', cluster: '$(SERVICE_ACCOUNT).$(POD_NAMESPACE)' },
    admin: {
      address: { pipe: { path: adminSocket, mode: 0o600 } },
      allow_paths: adminPaths,
    },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: 'xds',
              // After an outage of the control plane nobody waits longer than this for its return.
              retry_policy: { retry_back_off: { base_interval: '0.25s', max_interval: '5s' } },
            },
          },
        ],
      },
      // Without the 0s Envoy would declare itself ready with nothing to serve after 15 s of silence.
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: { clusters: bootstrapClusters(context), listeners: bootstrapListeners(context) },
    // A cluster costs each worker thread something only once that worker first uses it. On-demand clusters work with it.
    cluster_manager: { enable_deferred_cluster_creation: true },
    bootstrap_extensions: [
      {
        name: 'envoy.bootstrap.internal_listener',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener',
        },
      },
    ],
    layered_runtime: {
      layers: [
        { name: 'static', static_layer: { ...regexLimits, ...noFalseResets } },
        // What the control plane sets while the proxy runs.
        { name: 'admin', admin_layer: {} },
      ],
    },
    stats_config: { stats_matcher: statsMatcher, ...histogramBuckets },
    ...reporting,
    deferred_stat_options: { enable_deferred_creation_stats: true },
    overload_manager: {
      refresh_interval: '1s',
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            max_active_downstream_connections: 100_000,
          },
        },
        mark(monitorMark),
      ],
      actions: [mark(actionMark)],
    },
  };
}

/**
 * RE2 programs larger than 100 instructions are refused by default, which ordinary expressions of routes exceed;
 * the schema of HTTPRoute bounds an expression's length, and RE2 its time.
 */
export const regexLimits: JsonObject = {
  're2.max_program_size.error_level': 32_768,
  're2.max_program_size.warn_level': 8_192,
};

/**
 * When an HTTP server closes a connection inside Envoy, from one listener to another, a TCP proxy takes that for a
 * reset, passes the reset on, and with it throws away the answer that it has just been given: a caller who said
 * `connection: close` on a connection that went from one to the other got nothing. Resets are told as ordinary ends instead.
 */
const noFalseResets: JsonObject = {
  'envoy.reloadable_features.propagate_upstream_rst_through_tunneled_tcp_proxy': false,
};

/**
 * What the control plane may ask of the admin interface, which nobody else reaches; nothing here can end the proxy. In a
 * dump of its configuration Envoy leaves out keys: they are never where it takes them for something else (identity.ts).
 * An exact path would allow it without parameters alone.
 */
const adminPaths: readonly JsonObject[] = [
  { exact: '/ready' },
  { prefix: '/stats' },
  { prefix: '/clusters' },
  { exact: '/certs' },
  { prefix: '/config_dump' },
  { prefix: '/listeners' },
  { exact: '/memory' },
  { prefix: '/drain_listeners' },
  { prefix: '/logging' },
  { exact: '/tap' },
  { prefix: '/runtime_modify' },
];

function heapLimit(maxHeapBytes: number | undefined): { monitors: JsonObject[]; actions: JsonObject[] } {
  if (maxHeapBytes === undefined) return { monitors: [], actions: [] };
  const name = 'envoy.resource_monitors.fixed_heap';
  const action = (what: string, value: number): JsonObject => ({
    name: `envoy.overload_actions.${what}`,
    triggers: [{ name, threshold: { value } }],
  });
  return {
    monitors: [
      {
        name,
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig',
          max_heap_size_bytes: maxHeapBytes,
        },
      },
    ],
    actions: [action('shrink_heap', 0.85), action('stop_accepting_requests', 0.95)],
  };
}
