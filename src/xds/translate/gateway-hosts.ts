/**
 * The virtual hosts of one gateway listener, encoded one by one: a RouteConfiguration of many listeners is then put
 * together from bytes, and a change of one route encodes the hosts of one listener again.
 */

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { ListenerHosts } from '../../mesh/gateway-model.ts';
import { RouteConfigurationSchema } from '../proto/envoy/config/route/v3/route_pb.js';
import type { VirtualHostSchema } from '../proto/envoy/config/route/v3/route_components_pb.js';
import { type Called, safeRetries } from './actions.ts';
import { contentVersion } from './encode.ts';
import { notSentHeader } from './names.ts';
import { referencedClusters } from './plan.ts';
import { ruleRoute } from './route.ts';

type VirtualHost = MessageInitShape<typeof VirtualHostSchema>;

export interface EncodedHost {
  readonly domain: string;
  /** One `virtual_hosts` of a RouteConfiguration, with tag and length. */
  readonly bytes: Uint8Array;
  readonly version: string;
  /** Clusters that its routes lead to, ascending. */
  readonly clusters: readonly string[];
}

export function encodeHosts({ hosts }: ListenerHosts, called: Called): readonly EncodedHost[] {
  return hosts.map(({ domain, rules }) => {
    const bytes = encodeHost({
      name: domain,
      domains: [domain],
      routes: rules.map((rule) => ruleRoute(rule, called)),
      retryPolicy: safeRetries,
      responseHeadersToRemove: [notSentHeader],
    });
    const clusters = [...new Set(referencedClusters(rules))].sort();
    return { domain, bytes, version: contentVersion(bytes), clusters };
  });
}

export function encodeHost(host: VirtualHost): Uint8Array {
  return toBinary(RouteConfigurationSchema, create(RouteConfigurationSchema, { virtualHosts: [host] }));
}

/** Versions name the bytes. */
export function sameHosts(a: readonly EncodedHost[], b: readonly EncodedHost[]): boolean {
  return a.length === b.length && a.every(({ version }, index) => version === b[index]?.version);
}
