/** What `npm start` shows: the load generator's counts beside what the proxies themselves say of their connections. */

import type { Line, Report } from '../sample/lib/tally.ts';

/** Connections that proxies made to a Service on behalf of their applications. */
export interface Connections {
  /** Those that came about, of any kind. */
  readonly established: number;
  /** Those on which both sides have proven an identity of the mesh. */
  readonly mutualTLS: number;
}

export interface ShopPod {
  readonly name: string;
  readonly service: string;
  readonly version: string;
  /** To each Service its proxy knows; empty while the proxy does not answer. */
  readonly outbound: ReadonlyMap<string, Connections>;
  /** Connections without mutual TLS that came in. */
  readonly plainInbound: number;
}

/** One line of the table: a version of a service. */
export interface Row extends Omit<Line, 'lastError'> {
  readonly lastError?: string;
  readonly pods: number;
  readonly connections: Connections;
  /** Connections without mutual TLS that its pods took, from whomever. */
  readonly plainInbound: number;
}

// In a label's value Envoy has an underscore where the cluster's name has the colon before the port.
const clusterMetric =
  /^envoy_cluster_(upstream_cx_total|upstream_cx_connect_fail|ssl_handshake)\{[^}]*envoy_cluster_name="svc\/shop\/([a-z0-9-]+)[_:]\d+"[^}]*\} (\d+)/;

/** Of a proxy's Prometheus exposition: its connections by Service of the shop. */
export function readOutbound(exposition: string): ReadonlyMap<string, Connections> {
  const found = new Map<string, Connections>();
  for (const line of exposition.split('\n')) {
    const [, metric, service = '', text] = clusterMetric.exec(line) ?? [];
    if (metric === undefined) continue;
    const { established, mutualTLS } = found.get(service) ?? { established: 0, mutualTLS: 0 };
    const value = Number(text);
    found.set(service, {
      // What fails counts as begun too.
      established:
        established + (metric === 'ssl_handshake' ? 0 : metric === 'upstream_cx_total' ? value : -value),
      mutualTLS: mutualTLS + (metric === 'ssl_handshake' ? value : 0),
    });
  }
  return found;
}

const plainMetric = /^envoy_(?:http|tcp)_downstream_cx_total\{[^}]*prefix="inbound-plain"[^}]*\} (\d+)/;

/** Of a proxy's Prometheus exposition: how many connections without mutual TLS it took. */
export function readPlainInbound(exposition: string): number {
  return exposition.split('\n').reduce((sum, line) => sum + Number(plainMetric.exec(line)?.[1] ?? 0), 0);
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
  // A Service for one version is named after it; every other has all versions behind it, of which there is one then.
  const names = [`${service}-${version}`, service];
  const sum = (field: keyof Connections): number =>
    pods.reduce((total, { outbound }) => {
      return total + names.reduce((part, name) => part + (outbound.get(name)?.[field] ?? 0), 0);
    }, 0);
  return {
    ...(line ?? { service, version, perSecond: 0, success: 1, p50Ms: 0, p99Ms: 0, calls: 0 }),
    pods: own.length,
    connections: { established: sum('established'), mutualTLS: sum('mutualTLS') },
    plainInbound: own.reduce((total, { plainInbound }) => total + plainInbound, 0),
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

/** Handshakes that are under way look like plain connections for a moment; they are few. */
const underWay = 0.1;

/**
 * Which versions are not reached by mutual TLS, as the callers' proxies see it and as their own do; empty when all that
 * are called are.
 */
export function findPlain(rows: readonly Row[]): readonly string[] {
  const taken = rows
    .filter(({ plainInbound }) => plainInbound > 0)
    .map(({ service, version, plainInbound }) => {
      return `${service} ${version}: ${plainInbound} connections came in without mutual TLS`;
    });
  return [...findPlainOutbound(rows), ...taken];
}

function findPlainOutbound(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(({ version, calls }) => version !== '-' && calls > 0)
    .filter(
      ({ connections }) => connections.mutualTLS < Math.max(1, connections.established * (1 - underWay)),
    )
    .map(({ service, version, connections }) => {
      return `${service} ${version}: ${connections.mutualTLS} of ${connections.established} connections are mutual TLS`;
    });
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  // 99.97 must not read as 100.
  const text =
    percent > 99 && percent < 100 ? (Math.floor(percent * 10) / 10).toFixed(1) : percent.toFixed(0);
  return `${text} %`;
}
