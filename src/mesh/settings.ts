/** MeshSettings: MeshConfig `default` over the defaults, with the address ranges found by discovery. */

import type { Collection, GraphApi } from '../graph/types.ts';
import { mergeCIDRs } from './cidrs.ts';
import type { MeshSettings } from './model.ts';
import type { MeshConfigSource, MeshDefaults, MeshSources } from './sources.ts';
import { telemetrySettings } from './telemetry-settings.ts';

/** The defaults of the MeshConfig CRD, for when there is no MeshConfig. A test keeps both the same. */
export const configDefaults: MeshConfigSource = {
  trustDomain: 'cluster.local',
  mtls: { mode: 'Permissive' },
  outbound: { policy: 'Allow' },
  proxy: {
    resources: { requests: { cpu: '10m', memory: '64Mi' } },
    logLevel: 'warning',
    concurrency: 1,
    drainSeconds: 5,
    scrape: true,
  },
};

/**
 * The private ranges of RFC 1918, RFC 6598 and RFC 4193. Always part of the default: what a Node says of its pods'
 * range is often absent, and often not what the network really uses.
 */
const privateCIDRs = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

/** One entry, `default`, always present. */
export function deriveSettings(graph: GraphApi, sources: MeshSources): Collection<MeshSettings> {
  const defaults = graph.source<MeshDefaults>('defaults');
  defaults.set('default', sources.defaults);
  const nodeRanges = graph.derive('nodeRanges', sources.nodes, (_, { podCIDRs }) => podCIDRs);
  const serviceRanges = graph.index('serviceRanges', sources.serviceCIDRs, () => ['all']);
  const podRanges = graph.index('podRanges', nodeRanges, () => ['all']);
  return graph.derive('settings', defaults, (_, started, read) => {
    const config = read(sources.meshConfigs, 'default') ?? configDefaults;
    const services = (read(serviceRanges, 'all') ?? []).flatMap(({ value }) => value.cidrs);
    const pods = (read(podRanges, 'all') ?? []).flatMap(({ value }) => value);
    return settingsOf(config, started, [...services, ...pods]);
  });
}

/** @param discovered address ranges of Services and pods that the cluster tells of, beyond the private ones */
export function settingsOf(
  { trustDomain, mtls, outbound, proxy, telemetry }: MeshConfigSource,
  defaults: MeshDefaults,
  discovered: readonly string[],
): MeshSettings {
  const { requests, limits = {} } = proxy.resources;
  return {
    trustDomain,
    mtls: mtls.mode,
    outbound: outbound.policy,
    meshCIDRs: mergeCIDRs(outbound.meshCIDRs ?? [...privateCIDRs, ...discovered]),
    proxy: {
      image: proxy.image ?? defaults.image,
      redirectImage: proxy.redirectImage ?? defaults.redirectImage,
      imagePullPolicy: proxy.imagePullPolicy ?? defaults.imagePullPolicy,
      cpuRequest: requests.cpu,
      memoryRequest: requests.memory,
      ...(limits.cpu === undefined ? {} : { cpuLimit: limits.cpu }),
      ...(limits.memory === undefined ? {} : { memoryLimit: limits.memory }),
      logLevel: proxy.logLevel,
      concurrency: proxy.concurrency,
      drainSeconds: proxy.drainSeconds,
      // Of a MeshConfig that was written before there was this field.
      scrape: proxy.scrape ?? true,
    },
    telemetry: telemetrySettings(telemetry),
  };
}
