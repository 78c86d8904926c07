/** What `npm start` shows: the load generator's counts beside what the proxies themselves say of their connections. */

import type { Line, Report } from '../sample/lib/tally.ts';

/** Connections that a proxy accepted on behalf of its application since it started. */
export interface Inbound {
  readonly connections: number;
  /** Those that proved an identity of the mesh. */
  readonly mutualTLS: number;
}

export interface ShopPod {
  readonly name: string;
  readonly service: string;
  readonly version: string;
  /** Undefined while its proxy does not answer. */
  readonly inbound: Inbound | undefined;
}

/** One line of the table: a version of a service. */
export interface Row extends Omit<Line, 'lastError'> {
  readonly lastError?: string;
  readonly pods: number;
  readonly inbound: Inbound;
}

const inboundListener = /^envoy_listener_(downstream_cx_total|ssl_handshake)\{[^}]*15006[^}]*\} (\d+)/;

/** Of a proxy's Prometheus exposition: its inbound listener, port 15006. */
export function readInbound(exposition: string): Inbound {
  let connections = 0;
  let mutualTLS = 0;
  for (const line of exposition.split('\n')) {
    const [, name, value] = inboundListener.exec(line) ?? [];
    if (name === 'downstream_cx_total') connections += Number(value);
    if (name === 'ssl_handshake') mutualTLS += Number(value);
  }
  return { connections, mutualTLS };
}

/**
 * Every version that has pods, and whatever else was answered or not, by service and version. Nothing is told of the
 * load generator itself: nobody calls it.
 */
export function mergeRows(report: Report, pods: readonly ShopPod[]): readonly Row[] {
  const keys = new Map<string, { readonly service: string; readonly version: string }>();
  for (const { service, version } of [...pods, ...report.lines]) {
    if (service !== 'load') keys.set(`${service} ${version}`, { service, version });
  }
  return [...keys.keys()].sort().flatMap((key) => {
    const found = keys.get(key);
    return found === undefined ? [] : [rowOf(found.service, found.version, report, pods)];
  });
}

function rowOf(service: string, version: string, report: Report, pods: readonly ShopPod[]): Row {
  const isMine = (one: { service: string; version: string }): boolean =>
    one.service === service && one.version === version;
  const line = report.lines.find(isMine);
  const own = pods.filter(isMine);
  const sum = (field: keyof Inbound): number =>
    own.reduce((total, { inbound }) => total + (inbound?.[field] ?? 0), 0);
  return {
    ...(line ?? { service, version, perSecond: 0, success: 1, p50Ms: 0, p99Ms: 0, calls: 0 }),
    pods: own.length,
    inbound: { connections: sum('connections'), mutualTLS: sum('mutualTLS') },
  };
}

/** How the answers of one service were spread over its versions, ascending by version; failures left out. */
export function sharesOf(service: string, rows: readonly Row[]): ReadonlyMap<string, number> {
  const answered = rows.filter((row) => row.service === service && row.version !== '-');
  const calls = answered.reduce((total, row) => total + row.calls, 0);
  return new Map(answered.map((row) => [row.version, calls === 0 ? 0 : row.calls / calls]));
}

/** Standard deviations that chance may explain; a right split fails this about once in 16,000 times. */
const tolerance = 4;

/** What is wrong with the figures of a moment at which catalog v2 should get `percent` of the calls; empty when all is well. */
export function findFaults(rows: readonly Row[], percent: number): readonly string[] {
  const faults = rows
    .filter((row) => row.success < 1)
    .map(({ service, calls, success, lastError = '' }) => {
      return `${service}: ${Math.round(calls * (1 - success))} of ${calls} calls failed, the last one with: ${lastError}`;
    });
  const calls = rows.reduce((total, row) => total + (row.service === 'catalog' ? row.calls : 0), 0);
  if (calls === 0) return [...faults, 'catalog: no calls at all'];
  const wanted = percent / 100;
  const share = sharesOf('catalog', rows).get('v2') ?? 0;
  if (Math.abs(share - wanted) > tolerance * Math.sqrt((wanted * (1 - wanted)) / calls)) {
    faults.push(`catalog: v2 gave ${formatPercent(share)} of ${calls} answers instead of ${percent} %`);
  }
  return faults;
}

/** Which services are not reached by mutual TLS alone; empty when all of them are. */
export function findPlain(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(({ pods, inbound }) => pods > 0 && inbound.mutualTLS < Math.max(1, inbound.connections))
    .map(({ service, version, inbound }) => {
      return `${service} ${version}: ${inbound.mutualTLS} of ${inbound.connections} connections are mutual TLS`;
    });
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  // 99.97 must not read as 100.
  const text =
    percent > 99 && percent < 100 ? (Math.floor(percent * 10) / 10).toFixed(1) : percent.toFixed(0);
  return `${text} %`;
}
