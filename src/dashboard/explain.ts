/**
 * What an object became: the Envoy resources that depend on it, from which other objects they are made, and on how
 * many proxies they are in force. Names and counts only, never what an object or a resource contains: some are Secrets.
 */

import type { Collection, GraphApi } from '../graph/types.ts';
import { type EncodedResource, type ResourceAcks, resourceKinds, type Translation } from '../xds/resource.ts';

/** Kinds that people may ask about, and the source collection of each. */
export const explainable = {
  service: 'services',
  endpointslice: 'endpointslices',
  pod: 'pods',
  gatewayclass: 'gatewayclasses',
  gateway: 'gateways',
  listenerset: 'listenersets',
  httproute: 'httproutes',
  grpcroute: 'grpcroutes',
  tlsroute: 'tlsroutes',
  tcproute: 'tcproutes',
  udproute: 'udproutes',
  referencegrant: 'referencegrants',
  backendtlspolicy: 'backendtlspolicies',
  xbackendtrafficpolicy: 'xbackendtrafficpolicies',
  secret: 'secrets',
  configmap: 'configmaps',
  meshconfig: 'meshconfigs',
  mutualtlspolicy: 'mutualtlspolicies',
  telemetrypolicy: 'telemetrypolicies',
} as const;

export type ExplainableKind = keyof typeof explainable;

export interface ExplainedResource {
  readonly kind: string;
  readonly name: string;
  readonly version: string;
  /** Proxies connected to this replica that are to hold it, and those that acknowledged this version. */
  readonly holders: number;
  readonly current: number;
  readonly rejected?: string;
  /** Every object it is computed from, `<kind> <namespace/name>`. */
  readonly from: readonly string[];
}

export interface Explained {
  readonly object: string;
  readonly found: boolean;
  readonly resources: readonly ExplainedResource[];
}

export interface ExplainSources {
  readonly graph: Pick<GraphApi, 'causes'>;
  readonly sources: Readonly<Record<string, Collection<unknown>>>;
  readonly translation: Translation;
  readonly acks: Collection<ResourceAcks>;
}

/** Singular of a source collection's name where it is a kind people know. */
const kindOf = new Map<string, string>(
  Object.entries(explainable).map(([kind, collection]) => [collection, kind]),
);

/** Singular of a kind that people know, by the name of its source collection. */
export function kindOfCollection(collection: string): string | undefined {
  return kindOf.get(collection);
}

/** @param key `namespace/name`, or the name of an object without namespace */
export function explain(from: ExplainSources, kind: ExplainableKind, key: string): Explained {
  const collection = explainable[kind];
  const resources: ExplainedResource[] = [];
  for (const resourceKind of resourceKinds) {
    const all: Collection<EncodedResource> = from.translation.resources[resourceKind];
    for (const [name, resource] of all.entries()) {
      const causes = from.graph.causes(all, name, from.translation.presence);
      if (!causes.some((cause) => cause.collection === collection && cause.key === key)) continue;
      const acks = from.acks.get(`${resourceKind} ${name}`);
      resources.push({
        kind: resourceKind,
        name,
        version: resource.version,
        holders: acks?.holders ?? 0,
        current: acks?.current ?? 0,
        ...(acks?.rejected === undefined ? {} : { rejected: acks.rejected.message }),
        from: causes.flatMap((cause) => {
          const known = kindOf.get(cause.collection);
          return known === undefined ? [] : [`${known} ${cause.key}`];
        }),
      });
    }
  }
  resources.sort(
    (a, b) =>
      resourceKinds.indexOf(a.kind as never) - resourceKinds.indexOf(b.kind as never) ||
      (a.name < b.name ? -1 : 1),
  );
  return { object: `${kind} ${key}`, found: from.sources[collection]?.has(key) ?? false, resources };
}
