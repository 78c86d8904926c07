/**
 * RouteConfigurations of gateways, put together from encoded virtual hosts. A domain belongs to the listener whose
 * hostname fits it best, and to no other one, whatever routes say: this is what keeps listeners apart.
 */

import { RouteConfigurationSchema } from '../proto/envoy/config/route/v3/route_pb.js';
import type { EncodedResource } from '../resource.ts';
import { encode } from './binary.ts';
import { resourceOf } from './encode.ts';
import { type EncodedHost, encodeHost } from './gateway-hosts.ts';
import { misdirectedDomains, type RoutesPlan } from './gateway-plan.ts';
import { anyHost, createHostnames } from './hostnames.ts';

/** `hostsOf` gives the hosts of a listener by its key. */
export function gatewayRoutes(
  name: string,
  plan: RoutesPlan,
  hostsOf: (listener: string) => readonly EncodedHost[],
): EncodedResource {
  const { ownerOf } = createHostnames(plan.hostnames);
  const parts = [frame(name)];
  const clusters = new Set<string>();
  for (const { key, hostname } of plan.listeners) {
    const hosts = hostsOf(key).filter(({ domain }) => ownerOf(domain) === hostname);
    for (const host of hosts) {
      parts.push(host.bytes);
      for (const cluster of host.clusters) clusters.add(cluster);
    }
    if (hostname !== anyHost && !hosts.some(({ domain }) => domain === hostname))
      parts.push(silent(hostname));
  }
  const elsewhere = misdirectedDomains(plan);
  if (elsewhere.length > 0) parts.push(misdirected(elsewhere));
  const needs = [...clusters].sort().map((cluster) => ({ kind: 'cluster', name: cluster }) as const);
  return resourceOf(name, Buffer.concat(parts), needs);
}

/** Everything but the hosts. Fields of one message may be written one after the other. */
function frame(name: string): Uint8Array {
  return encode(RouteConfigurationSchema, {
    name,
    // The port that clients write into Host is that of some load balancer.
    ignorePortInHostMatching: true,
    // The backend learns the client's address from x-forwarded-for, as everywhere.
    requestHeadersToRemove: ['x-envoy-external-address'],
  });
}

/** What a listener owns and no route serves is answered 404 here, and not by a listener with a wider hostname. */
function silent(hostname: string): Uint8Array {
  return encodeHost({ name: hostname, domains: [hostname] });
}

/** RFC 9110, 15.5.20: the client is to ask again, by a connection of that host's own. */
function misdirected(domains: readonly string[]): Uint8Array {
  return encodeHost({
    // With a space, since the other hosts have domains for names.
    name: 'misdirected requests',
    domains: [...domains],
    routes: [
      {
        name: 'misdirected',
        match: { pathSpecifier: { case: 'prefix', value: '/' } },
        action: { case: 'directResponse', value: { status: 421 } },
      },
    ],
  });
}
