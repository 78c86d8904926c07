/** How the numbers of traffic look in a table. */

import type { TrafficDimension, TrafficRow } from '../telemetry/model.ts';
import type { Paint } from './colors.ts';
import type { Column } from './output.ts';

/** A success rate below this is worth a look. */
const warningBelow = 0.99;
const badBelow = 0.95;

/** `12.3`, `0.07`, `1,234`: three digits that matter. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0';
  if (perSecond >= 100) return Math.round(perSecond).toLocaleString('en');
  return perSecond >= 10 ? perSecond.toFixed(1) : perSecond.toFixed(2);
}

export function formatSuccess(rate: number | undefined, paint: Paint): string {
  if (rate === undefined) return '-';
  // 99.996 % is not all, so it must not be rounded to it.
  const percent = rate === 1 ? '100' : (Math.floor(rate * 10_000) / 100).toFixed(2);
  const color = rate < badBelow ? paint.bad : rate < warningBelow ? paint.warning : paint.good;
  return color(`${percent}%`);
}

export function formatLatency(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '-';
  if (milliseconds >= 10_000) return `${(milliseconds / 1000).toFixed(1)}s`;
  return `${milliseconds >= 100 ? Math.round(milliseconds) : milliseconds.toFixed(1)}ms`;
}

export function formatBytes(perSecond: number): string {
  const units = ['B/s', 'KiB/s', 'MiB/s', 'GiB/s'];
  let value = perSecond;
  while (value >= 1024 && units.length > 1) {
    value /= 1024;
    units.shift();
  }
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)}${units[0] ?? ''}`;
}

const titles: Readonly<Record<TrafficDimension, string>> = {
  side: 'SIDE',
  source: 'FROM',
  sourceNamespace: 'FROM NAMESPACE',
  sourceVersion: 'FROM VERSION',
  destination: 'TO',
  destinationNamespace: 'TO NAMESPACE',
  destinationVersion: 'TO VERSION',
  service: 'SERVICE',
  route: 'ROUTE',
  protocol: 'PROTOCOL',
  mtls: 'MTLS',
};

/** One per dimension. `name` is the title where there is only one. */
export function groupColumns(
  dimensions: readonly TrafficDimension[],
  named: Readonly<Partial<Record<TrafficDimension, string>>> = {},
): readonly Column<TrafficRow>[] {
  return dimensions.map((dimension) => ({
    title: named[dimension] ?? titles[dimension],
    value: ({ group }) => group[dimension] || '-',
  }));
}

/** Requests where there are any, and connections where there are any. */
export function numberColumns(rows: readonly TrafficRow[], paint: Paint): readonly Column<TrafficRow>[] {
  const right = { align: 'right' } as const;
  const http: Column<TrafficRow>[] = [
    requestsColumn(isTcp),
    { title: 'SUCCESS', value: (row) => formatSuccess(row.successRate, paint), ...right },
    { title: 'P50', value: (row) => formatLatency(row.latency?.p50), ...right },
    { title: 'P95', value: (row) => formatLatency(row.latency?.p95), ...right },
    { title: 'P99', value: (row) => formatLatency(row.latency?.p99), ...right },
  ];
  return [
    ...(rows.every((row) => row.requests === 0) && rows.some(isTcp) ? [] : http),
    ...(rows.some(isTcp) ? tcpColumns(isTcp) : []),
  ];
}

function isTcp({ counts, bytesPerSecond }: TrafficRow): boolean {
  return counts.connectionsOpened > 0 || counts.connectionsClosed > 0 || bytesPerSecond > 0;
}

/** Of workloads and of what is between them. */
interface Rates {
  readonly requestsPerSecond: number;
  readonly connectionsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** @param isTcp whether opaque TCP is in a row; without any request nothing says how many it has had */
export function requestsColumn<T extends Rates>(isTcp: (row: T) => boolean): Column<T> {
  return {
    title: 'RPS',
    value: (row) => (row.requestsPerSecond === 0 && isTcp(row) ? '-' : formatRate(row.requestsPerSecond)),
    align: 'right',
  };
}

export function tcpColumns<T extends Rates>(isTcp: (row: T) => boolean): readonly Column<T>[] {
  const column = (title: string, text: (row: T) => string): Column<T> => ({
    title,
    value: (row) => (isTcp(row) ? text(row) : '-'),
    align: 'right',
  });
  return [
    column('CONN/S', (row) => formatRate(row.connectionsPerSecond)),
    column('BYTES', (row) => formatBytes(row.bytesPerSecond)),
  ];
}

/**
 * Of rows that were counted at both ends, those of the preferred end; the other's where that one has no proxy. The
 * dimension `side` has to be among those asked for, and is taken out.
 */
export function onePerTraffic(
  rows: readonly TrafficRow[],
  preferred: 'client' | 'server',
): readonly TrafficRow[] {
  const kept = new Map<string, TrafficRow>();
  for (const row of rows) {
    const { side, ...group } = row.group;
    const key = JSON.stringify([group, row.atMs]);
    if (side === preferred || !kept.has(key)) kept.set(key, { ...row, group });
  }
  return [...kept.values()];
}

export const sortKeys = ['name', 'rps', 'success', 'p99', 'bytes'] as const;
export type SortKey = (typeof sortKeys)[number];

/** Most or worst first; names ascending. */
export function sorted(rows: readonly TrafficRow[], by: SortKey): readonly TrafficRow[] {
  const names = (row: TrafficRow): string => JSON.stringify(Object.values(row.group));
  const rank: Readonly<Record<SortKey, (row: TrafficRow) => number>> = {
    name: () => 0,
    rps: (row) => -row.requestsPerSecond,
    success: (row) => row.successRate ?? 2,
    p99: (row) => -(row.latency?.p99 ?? -1),
    bytes: (row) => -row.bytesPerSecond,
  };
  return rows.toSorted((a, b) => rank[by](a) - rank[by](b) || (names(a) < names(b) ? -1 : 1));
}
