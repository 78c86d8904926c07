/**
 * The listener `outbound`, where all redirected outgoing connections arrive. With `use_original_dst` a
 * connection to a destination the workload uses is handed to that destination's own listener. What remains:
 *
 *   inside the mesh's ranges  -> asks the control plane for the cluster `vip/<ip>:<port>` while the connection waits
 *   elsewhere                 -> straight through, or refused
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { outboundPort, passthroughCluster } from '../../base/names.ts';
import type { MeshSettings, TelemetryProfile } from '../../mesh/model.ts';
import { TrafficDirection } from '../proto/envoy/config/core/v3/base_pb.js';
import { ListenerSchema } from '../proto/envoy/config/listener/v3/listener_pb.js';
import type { FilterChainSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import { type EncodedResource, onDemandPrefix } from '../resource.ts';
import { duration, encodeResource, socketAddress } from './encode.ts';
import { outboundListener } from './names.ts';
import { setFilterState, tcpProxy } from './network-filters.ts';
import { toOutside } from './telemetry.ts';
import { ads } from './tls.ts';

type FilterChain = MessageInitShape<typeof FilterChainSchema>;

/** Time for the control plane to answer, a restart of the replica that the proxy is connected to included. */
const onDemandTimeoutMs = 10_000;

/** `key` is what the listener is kept by, which differs from its name where the workload has a profile of its own. */
export function outbound(
  settings: MeshSettings,
  profile: TelemetryProfile = settings.telemetry.profile,
  key = outboundListener,
): EncodedResource {
  return encodeResource(key, ListenerSchema, {
    name: outboundListener,
    address: socketAddress('127.0.0.1', outboundPort),
    // Freely bound: where a pod has no IPv6, binding would fail and take the whole listener with it.
    additionalAddresses: [{ address: socketAddress('::1', outboundPort) }],
    freebind: true,
    useOriginalDst: true,
    trafficDirection: TrafficDirection.OUTBOUND,
    // An unrestricted match would ask for every address of the internet, so no ranges means no chain.
    filterChains: settings.meshCIDRs.length === 0 ? [] : [onDemandChain(settings.meshCIDRs)],
    ...(settings.outbound === 'Allow' ? { defaultFilterChain: passthroughChain(profile) } : {}),
  });
}

function onDemandChain(ranges: readonly string[]): FilterChain {
  return {
    name: 'on-demand',
    filterChainMatch: { prefixRanges: [...ranges].sort().map(cidrRange) },
    filters: [
      setFilterState('destination', {
        'envoy.tcp_proxy.cluster': `${onDemandPrefix}%DOWNSTREAM_LOCAL_ADDRESS%`,
      }),
      tcpProxy('transit', undefined, 'unset', {
        onDemand: { odcdsConfig: ads, timeout: duration(onDemandTimeoutMs) },
      }),
    ],
  };
}

function passthroughChain(profile: TelemetryProfile): FilterChain {
  return { name: 'passthrough', filters: [tcpProxy('passthrough', toOutside(profile), passthroughCluster)] };
}

function cidrRange(cidr: string): { addressPrefix: string; prefixLen: number } {
  const slash = cidr.lastIndexOf('/');
  return { addressPrefix: cidr.slice(0, slash), prefixLen: Number(cidr.slice(slash + 1)) };
}
