/**
 * The virtual hosts of one gateway listener, encoded one by one: a RouteConfiguration of many listeners is then put
 * together from bytes, and a change of one route encodes the hosts of one listener again.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ListenerHosts } from '../../mesh/gateway-model.ts';
import type { RouteRule, Upstream } from '../../mesh/model.ts';
import { RouteConfigurationSchema } from '../proto/envoy/config/route/v3/route_pb.js';
import type { VirtualHostSchema } from '../proto/envoy/config/route/v3/route_components_pb.js';
import { encode } from './binary.ts';
import { contentVersion } from './encode.ts';
import { notSentHeader } from './names.ts';
import { referencedClusters } from './plan.ts';
import type { Called } from './redirects.ts';
import { safeRetries } from './retries.ts';
import { ruleRoutes } from './rule-routes.ts';

type VirtualHost = MessageInitShape<typeof VirtualHostSchema>;

export interface EncodedHost {
  readonly domain: string;
  /** One `virtual_hosts` of a RouteConfiguration, with tag and length. */
  readonly bytes: Uint8Array;
  readonly version: string;
  /** Clusters that its routes lead to, ascending. */
  readonly clusters: readonly string[];
}

export function encodeHosts(
  { hosts }: ListenerHosts,
  called: Called,
  samplingOf: (rule: RouteRule) => number | undefined,
): readonly EncodedHost[] {
  return hosts.map(({ domain, rules: written }) => {
    const rules = written.map(fromEdge);
    const bytes = encodeHost({
      name: domain,
      domains: [domain],
      routes: rules.flatMap((rule) => ruleRoutes(rule, called, samplingOf(rule))),
      retryPolicy: safeRetries,
      responseHeadersToRemove: [notSentHeader],
    });
    const clusters = [...new Set(referencedClusters(rules))].sort();
    return { domain, bytes, version: contentVersion(bytes), clusters };
  });
}

/** Says of everything that the rule calls that a gateway calls it. */
function fromEdge(rule: RouteRule): RouteRule {
  const { externalAuth } = rule.filters;
  return {
    ...rule,
    backends: rule.backends.map(edge),
    filters: {
      ...rule.filters,
      mirrors: rule.filters.mirrors.map(edge),
      ...(externalAuth === undefined ? {} : { externalAuth: edge(externalAuth) }),
    },
  };
}

/** TLS of the backend's own negotiates the protocol with the backend. */
function edge<T extends { readonly upstream?: Upstream }>(called: T): T {
  const { upstream } = called;
  if (upstream?.http2 === true || upstream?.tls !== undefined) return called;
  return { ...called, upstream: { ...upstream, edge: true } };
}

export function encodeHost(host: VirtualHost): Uint8Array {
  return encode(RouteConfigurationSchema, { virtualHosts: [host] });
}

/** Versions name the bytes. */
export function sameHosts(a: readonly EncodedHost[], b: readonly EncodedHost[]): boolean {
  return a.length === b.length && a.every(({ version }, index) => version === b[index]?.version);
}
