/** The traffic of the last minute, by what lists show it with: received by workloads, Services and routes. */

import { toRow } from '../../telemetry/answer.ts';
import { addCounts, emptyColumns, toCounts } from '../../telemetry/counts.ts';
import type {
  TrafficAnswer,
  TrafficDimension,
  TrafficFilter,
  TrafficQuery,
  TrafficRow,
} from '../../telemetry/model.ts';
import type { Traffic } from './types.ts';

const windowMs = 60_000;
const groupBy: readonly TrafficDimension[] = ['destination', 'service', 'route', 'mtls'];

export function recentTraffic(filter: TrafficFilter): TrafficQuery {
  return { filter, groupBy, windowMs };
}

/** What a route sent somewhere. */
export interface RouteShare {
  /** Key of the ServicePort, without its port. */
  readonly service: string;
  /** Key of the workload; empty where nobody answered. */
  readonly workload: string;
  readonly counts: TrafficRow['counts'];
  readonly requests: number;
}

export class RecentTraffic {
  readonly #byWorkload: ReadonlyMap<string, readonly TrafficRow[]>;
  readonly #byService: ReadonlyMap<string, readonly TrafficRow[]>;
  readonly #byRoute: ReadonlyMap<string, readonly TrafficRow[]>;

  /** @param answer to `recentTraffic` */
  constructor({ rows }: Pick<TrafficAnswer, 'rows'>) {
    this.#byWorkload = grouped(rows, ({ group }) => group.destination ?? '');
    this.#byService = grouped(rows, ({ group }) => serviceOf(group.service ?? ''));
    this.#byRoute = grouped(rows, ({ group }) => routeOf(group.route ?? ''));
  }

  /** @param key `namespace/Deployment/web` */
  ofWorkload(key: string): Traffic {
    return summary(this.#byWorkload.get(key) ?? []);
  }

  /** @param key `namespace/web` */
  ofService(key: string): Traffic {
    return summary(this.#byService.get(key) ?? []);
  }

  /** @param key `namespace/web` of the route */
  ofRoute(key: string): Traffic {
    return summary(this.#byRoute.get(key) ?? []);
  }

  sharesOfRoute(key: string): readonly RouteShare[] {
    return (this.#byRoute.get(key) ?? []).map(({ group, counts, requests }) => ({
      service: serviceOf(group.service ?? ''),
      workload: group.destination ?? '',
      counts,
      requests,
    }));
  }

  /** Of all workloads for which this holds. */
  ofAll(isCounted: (workload: string) => boolean): Traffic {
    const rows = [...this.#byWorkload].flatMap(([workload, all]) => (isCounted(workload) ? all : []));
    return summary(rows);
  }
}

function summary(rows: readonly TrafficRow[]): Traffic {
  const all = emptyColumns();
  let exchanged = 0;
  let secured = 0;
  for (const { counts, requests, group } of rows) {
    addCounts(all, counts);
    const exchanges = requests + counts.connectionsOpened;
    exchanged += exchanges;
    if (group.mtls === 'true') secured += exchanges;
  }
  const { requestsPerSecond, successRate, latency, connectionsPerSecond, bytesPerSecond } = toRow(
    {},
    undefined,
    toCounts(all),
    windowMs / 1_000,
  );
  return {
    requestsPerSecond,
    ...(successRate === undefined ? {} : { successRate }),
    ...(latency === undefined ? {} : { p50Ms: latency.p50, p99Ms: latency.p99 }),
    connectionsPerSecond,
    bytesPerSecond,
    ...(exchanged === 0 ? {} : { mtlsShare: secured / exchanged }),
  };
}

function grouped(
  rows: readonly TrafficRow[],
  keyOf: (row: TrafficRow) => string,
): ReadonlyMap<string, readonly TrafficRow[]> {
  const groups = new Map<string, TrafficRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key === '') continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

/** `namespace/service` of `namespace/service:port`; a host stands for itself. */
function serviceOf(key: string): string {
  return key.includes('/') ? (key.split(':')[0] ?? '') : key;
}

/** `namespace/name`, without the rule. */
function routeOf(key: string): string {
  return key.split('/').slice(0, 2).join('/');
}
