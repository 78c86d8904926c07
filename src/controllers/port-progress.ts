/**
 * On how many proxies each port of a Gateway is in force; counted as routes are (route-progress.ts).
 *
 *   gateways, acks, resources ──> localPortProgress ──┐
 *   what other replicas tell  ────────────────────────┴──> portProgress
 */

import type { Collection, GraphApi } from '../graph/types.ts';
import type { Gateway, GatewayPort } from '../mesh/gateway-model.ts';
import type { EncodedResource, ResourceAcks } from '../xds/resource.ts';
import { type Progress, type Reported, type RouteProgress, withReported } from './route-progress.ts';

export interface PortProgressInputs {
  readonly gateways: Collection<Gateway>;
  /** Keyed `<kind> <name>`. */
  readonly acks: Collection<ResourceAcks>;
  /** Listeners of proxies, keyed by name. */
  readonly resources: Collection<EncodedResource>;
  /** Name of the listener that binds a port. */
  readonly listenerName: (gateway: string, port: GatewayPort) => string;
  readonly reported: Reported;
}

/** Keyed by the name of the listener. */
export function derivePortProgress(graph: GraphApi, inputs: PortProgressInputs): Progress {
  const local = graph.expand('localPortProgress', inputs.gateways, (key, { ports }, read) =>
    ports.flatMap((port): readonly (readonly [string, RouteProgress])[] => {
      const name = inputs.listenerName(key, port);
      const version = read(inputs.resources, name)?.version;
      if (version === undefined) return [];
      const { holders = 0, current = 0, served, rejected } = read(inputs.acks, `listener ${name}`) ?? {};
      const progress = {
        digest: version.slice(0, 12),
        proxies: holders,
        // Right after a change the count is still that of the version before.
        current: served === version ? current : 0,
      };
      return [[name, rejected === undefined ? progress : { ...progress, rejected: rejected.message }]];
    }),
  );
  const total = graph.derive('portProgress', local, (key, own, read) =>
    withReported(own, read(inputs.reported, key)),
  );
  return { local, total };
}
