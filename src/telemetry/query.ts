/**
 * Questions about what the store has: which series count, how they group, and the sums of their slots. Long windows of
 * many series take a while, so the work is cut into pieces between which others have their turn.
 */

import { setImmediate } from 'node:timers/promises';
import { addSlot } from './slot-codec.ts';
import { columnCount, isEmpty, toCounts } from './counts.ts';
import { telemetryError } from './errors.ts';
import type {
  TrafficDimension,
  TrafficEnd,
  TrafficFilter,
  TrafficPart,
  TrafficPartRow,
  TrafficPlainRow,
  TrafficQuery,
  TrafficSeries,
} from './model.ts';
import { otherEnd } from './series-table.ts';
import type { Slot, TrafficStore } from './store.ts';

/** Rows of one part beyond which a question is refused; each has some 300 bytes. */
export const maxRows = 100_000;

const sliceMs = 8;

/** Rejects with WEFT-TEL-03 or 04. @param replica who answers */
export async function answerPart(
  store: TrafficStore,
  replica: string,
  query: TrafficQuery,
): Promise<TrafficPart> {
  const { resolutionMs } = store.limits;
  checkTimes(query, store.limits);
  const { windowMs, stepMs } = query;
  const { slots, endMs, jumps, shortened, overflow } = store.window(windowMs);
  const { groups, groupOf } = groupSeries(store, query);
  const plain = groupPlain(store, query);
  const stepOf = (slot: Slot): number => (stepMs === undefined ? 0 : Math.floor(slot.atMs / stepMs) * stepMs);
  const steps = [...new Set(slots.map(stepOf))];
  if (groups.length * steps.length > maxRows) {
    throw telemetryError(
      'WEFT-TEL-03',
      `It would have ${groups.length * steps.length} rows of at most ${maxRows}.`,
    );
  }
  const indexOfStep = new Map(steps.map((atMs, index) => [atMs, index]));
  const sums = new Float64Array(groups.length * steps.length * columnCount);
  const plainSums = new Float64Array(plain.groups.length * steps.length * columnCount);
  let startedAt = performance.now();
  for (const slot of slots) {
    const step = indexOfStep.get(stepOf(slot)) ?? 0;
    addSlot(slot.bytes, groupOf, sums, step * groups.length);
    if (plain.groups.length > 0) addSlot(slot.bytes, plain.groupOf, plainSums, step * plain.groups.length);
    if (performance.now() - startedAt < sliceMs) continue;
    await setImmediate();
    startedAt = performance.now();
  }
  const rows: TrafficPartRow[] = [];
  const plainRows: TrafficPlainRow[] = [];
  for (const [step, atMs] of steps.entries()) {
    const at = stepMs === undefined ? {} : { atMs };
    for (const [index, group] of groups.entries()) {
      const offset = (step * groups.length + index) * columnCount;
      if (!isEmpty(sums, offset)) rows.push({ ...group, ...at, counts: toCounts(sums, offset) });
    }
    for (const [index, destination] of plain.groups.entries()) {
      const offset = (step * plain.groups.length + index) * columnCount;
      if (!isEmpty(plainSums, offset))
        plainRows.push({ destination, ...at, counts: toCounts(plainSums, offset) });
    }
    if (performance.now() - startedAt < sliceMs) continue;
    await setImmediate();
    startedAt = performance.now();
  }
  const gaps = jumps.map(
    ({ atMs, byMs }) =>
      `The clock of replica ${replica} was set ${byMs > 0 ? 'forward' : 'back'} by ${inWords(Math.abs(byMs))} at ${timeOf(atMs)}: times before that are as it showed them then.`,
  );
  if (overflow !== undefined) {
    const { maxSeries, maxSeriesOfReporter } = store.limits;
    const what = overflow.ofAll
      ? `has more series than it keeps (${maxSeries})`
      : `was told more series by one workload than it keeps of one (${maxSeriesOfReporter})`;
    // Which one is in the log: not everybody who asks may know of it.
    gaps.push(`Replica ${replica} ${what}: some traffic is counted as ${otherEnd.name}, without its ends.`);
  }
  if (shortened) {
    gaps.push(
      `Replica ${replica} has no room for the whole window: what was before ${timeOf(slots[0]?.atMs ?? endMs)} is missing.`,
    );
  }
  const fromMs = endMs - Math.round(windowMs / resolutionMs) * resolutionMs;
  return { replica, sinceMs: store.sinceMs, fromMs, toMs: endMs, gaps, rows, plain: plainRows };
}

function checkTimes(
  { windowMs, stepMs = windowMs }: TrafficQuery,
  limits: { readonly resolutionMs: number; readonly windowMs: number },
): void {
  const { resolutionMs } = limits;
  const wrong = (field: string, what: string): never => {
    throw telemetryError('WEFT-TEL-04', what, { field });
  };
  if (!(windowMs >= resolutionMs && windowMs <= limits.windowMs) || windowMs % resolutionMs !== 0) {
    wrong('windowMs', `${windowMs} is no multiple of ${resolutionMs} up to ${limits.windowMs}.`);
  }
  if (!(stepMs >= resolutionMs && stepMs <= windowMs) || stepMs % resolutionMs !== 0) {
    wrong('stepMs', `${stepMs} is no multiple of ${resolutionMs} up to the window.`);
  }
}

interface Groups<T> {
  readonly groups: readonly T[];
  /** By series; -1 for one that is not asked about. */
  readonly groupOf: Int32Array;
}

/** Before anything is waited for: afterwards a number may be that of another series. */
function groupSeries(
  { series: table }: TrafficStore,
  { filter, groupBy }: TrafficQuery,
): Groups<Pick<TrafficPartRow, 'group' | 'unproven'>> {
  const groups: Pick<TrafficPartRow, 'group' | 'unproven'>[] = [];
  const indexOf = new Map<string, number>();
  const groupOf = new Int32Array(table.length).fill(-1);
  const bothSides = filter.side !== undefined || groupBy.includes('side');
  for (let number = 0; number < groupOf.length; number++) {
    const series = table.get(number);
    if (series === undefined || !matches(filter, series)) continue;
    if (!bothSides && !countsOnce(series)) continue;
    const group = groupBy.map((dimension) => valueOf(series, dimension));
    const unproven = !bothSides && series.side === 'server' ? endName(series.destination) : undefined;
    const key = `${group.join('\n')}\n${unproven ?? ''}`;
    let index = indexOf.get(key);
    if (index === undefined) {
      index = groups.push({ group, ...(unproven === undefined ? {} : { unproven }) }) - 1;
      indexOf.set(key, index);
    }
    groupOf[number] = index;
  }
  return { groups, groupOf };
}

/**
 * What clients with a proxy sent without mutual TLS, by the workload it went to, as far as the question is about that: its
 * proxy, if it has one, has counted it too, without knowing from whom it came.
 */
function groupPlain({ series: table }: TrafficStore, { filter, groupBy }: TrafficQuery): Groups<string> {
  const groups: string[] = [];
  const groupOf = new Int32Array(table.length).fill(-1);
  const isAsked = filter.side === undefined && !groupBy.includes('side');
  // The server's rows have no source and no route; where the question wants one, they are not in the answer.
  const isAmongRows = filter.from === undefined && filter.service === undefined && filter.route === undefined;
  if (!isAsked || !isAmongRows) return { groups, groupOf };
  const indexOf = new Map<string, number>();
  for (let number = 0; number < groupOf.length; number++) {
    const { side, mtls, destination } = table.get(number) ?? {};
    if (side !== 'client' || mtls === true || destination === undefined || destination.namespace === '')
      continue;
    if (filter.to !== undefined && !isEnd(destination, filter.to)) continue;
    if (filter.namespace !== undefined && destination.namespace !== filter.namespace) continue;
    const name = endName(destination);
    const index = indexOf.get(name) ?? groups.push(name) - 1;
    indexOf.set(name, index);
    groupOf[number] = index;
  }
  return { groups, groupOf };
}

/**
 * Where both ends have a proxy, both count. Then it is the client that is believed: it also sees what never arrives.
 * What comes from a client without a certificate is only seen by the server.
 */
export function countsOnce({ side, source, mtls }: TrafficSeries): boolean {
  return side === 'client' || (source.kind === 'unknown' && source !== otherEnd && !mtls);
}

export function matches(filter: TrafficFilter, series: TrafficSeries): boolean {
  const { side, from, to, namespace, service, route } = filter;
  const { source, destination } = series;
  if (side !== undefined && series.side !== side) return false;
  if (from !== undefined && !isEnd(source, from)) return false;
  if (to !== undefined && !isEnd(destination, to) && !isUnansweredIn(series, to)) return false;
  if (
    namespace !== undefined &&
    source.namespace !== namespace &&
    destination.namespace !== namespace &&
    !isUnansweredIn(series, namespace)
  ) {
    return false;
  }
  if (service !== undefined && series.service !== service && !series.service.startsWith(`${service}:`))
    return false;
  return route === undefined || series.route === route;
}

/** @param wanted a namespace, or `namespace/kind/name` */
function isEnd(end: TrafficEnd, wanted: string): boolean {
  if (!wanted.includes('/')) return end.namespace === wanted;
  return end.namespace !== '' && endName(end) === wanted;
}

/** A request that reached nobody still was for a Service of a namespace. */
function isUnansweredIn({ destination, service }: TrafficSeries, namespace: string): boolean {
  return destination.kind === 'unknown' && service.startsWith(`${namespace}/`);
}

/** `shop/Deployment/web`; the host of an external end; empty for one that is unknown. */
export function endName({ namespace, name }: TrafficEnd): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function valueOf(series: TrafficSeries, dimension: TrafficDimension): string {
  const { source, destination } = series;
  switch (dimension) {
    case 'source':
      return endName(source);
    case 'sourceNamespace':
      return source.namespace;
    case 'sourceVersion':
      return source.version;
    case 'destination':
      return endName(destination);
    case 'destinationNamespace':
      return destination.kind === 'unknown' ? namespaceOf(series.service) : destination.namespace;
    case 'destinationVersion':
      return destination.version;
    case 'mtls':
      return String(series.mtls);
    default:
      return series[dimension];
  }
}

function namespaceOf(service: string): string {
  return service.slice(0, Math.max(0, service.indexOf('/')));
}

function timeOf(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

export function inWords(lengthMs: number): string {
  const seconds = Math.round(lengthMs / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
