/**
 * On how many proxies each TelemetryPolicy is in force; counted as routes are (route-progress.ts): by the listener that
 * each proxy of its workloads has exactly once, and for policies of routes as the routes themselves.
 */

import type { Collection, GraphApi, Index, Read } from '../graph/types.ts';
import type { Gateway, GatewayPort } from '../mesh/gateway-model.ts';
import type { RouteVerdict, TelemetryVerdict } from '../mesh/model.ts';
import type { EncodedResource, ResourceAcks } from '../xds/resource.ts';
import { type Progress, type Reported, type RouteProgress, withReported } from './route-progress.ts';

export interface TelemetryProgressInputs {
  readonly verdicts: Collection<TelemetryVerdict>;
  readonly gateways: Collection<Gateway>;
  readonly routeVerdicts: Index<RouteVerdict>;
  /** What this replica sees of routes, keyed like their verdicts. */
  readonly routeProgress: Collection<RouteProgress>;
  /** Keyed `<kind> <name>`. */
  readonly acks: Collection<ResourceAcks>;
  /** Listeners of proxies, keyed by name. */
  readonly listeners: Collection<EncodedResource>;
  readonly names: {
    readonly inbound: (workload: string) => string;
    readonly port: (gateway: string, port: GatewayPort) => string;
  };
  readonly reported: Reported;
}

/** Keyed like the verdicts. In reports, behind `TelemetryPolicy/`. */
export function deriveTelemetryProgress(graph: GraphApi, inputs: TelemetryProgressInputs): Progress {
  const own = graph.derive('ownTelemetryProgress', inputs.verdicts, (_, verdict, read) =>
    verdict.accepted.status ? ownProgress(verdict, inputs, read) : undefined,
  );
  const local = graph.expand('localTelemetryProgress', own, (key, progress) => [
    [reportKey(key), progress] as const,
  ]);
  const total = graph.derive('telemetryProgress', own, (key, progress, read) =>
    withReported(progress, read(inputs.reported, reportKey(key))),
  );
  return { local, total };
}

function reportKey(policy: string): string {
  return `TelemetryPolicy/${policy}`;
}

function ownProgress(
  { generation, workloads, routes }: TelemetryVerdict,
  inputs: TelemetryProgressInputs,
  read: Read,
): RouteProgress {
  const parts = [
    ...workloads.map((workload) => listenerProgress(listenerOf(workload, inputs, read), inputs, read)),
    ...routes.flatMap((route) =>
      (read(inputs.routeVerdicts, route) ?? []).map(({ key }) => read(inputs.routeProgress, key)),
    ),
  ].filter((part) => part !== undefined);
  const rejected = parts.find((part) => part.rejected !== undefined)?.rejected;
  return {
    digest: [generation, ...parts.map(({ digest }) => digest)].join('.'),
    proxies: parts.reduce((sum, { proxies }) => sum + proxies, 0),
    current: parts.reduce((sum, { current }) => sum + current, 0),
    ...(rejected === undefined ? {} : { rejected }),
  };
}

/** A gateway without ports has no listener to tell it by. */
function listenerOf(
  workload: string,
  { gateways, names }: TelemetryProgressInputs,
  read: Read,
): string | undefined {
  const [namespace = '', kind = '', name = ''] = workload.split('/');
  if (kind !== 'Gateway') return names.inbound(workload);
  const gateway = `${namespace}/${name}`;
  const port = read(gateways, gateway)?.ports[0];
  return port && names.port(gateway, port);
}

function listenerProgress(
  name: string | undefined,
  { acks, listeners }: TelemetryProgressInputs,
  read: Read,
): RouteProgress | undefined {
  if (name === undefined) return undefined;
  const version = read(listeners, name)?.version;
  const { holders = 0, current = 0, served, rejected } = read(acks, `listener ${name}`) ?? {};
  return {
    digest: version?.slice(0, 12) ?? '-',
    proxies: holders,
    // Right after a change the count is still that of the version before.
    current: served === version ? current : 0,
    ...(rejected === undefined ? {} : { rejected: rejected.message }),
  };
}
