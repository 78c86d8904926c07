/**
 * Bytes are counted by Service, without the peer. Where all requests and connections of a workload to a
 * Service have lately gone to one workload, they went there too; where they went to several, nobody can tell.
 */

import type { Clock } from '../base/clock.ts';
import type { TrafficEnd, TrafficSeries } from './model.ts';
import type { Reporter } from './reporter.ts';

interface Known {
  end: TrafficEnd | undefined;
  mtls: boolean;
  protocol: TrafficSeries['protocol'];
  atMs: number;
}

const rememberedMs = 600_000;
const maxServices = 1_000;

export class KnownPeers {
  readonly #clock: Clock;
  readonly #byReporter = new WeakMap<Reporter, Map<string, Known>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A point of a client that says who its peer was. */
  seen(reporter: Reporter, series: TrafficSeries): void {
    if (series.side !== 'client' || series.service === '' || series.destination.kind === 'unknown') return;
    const nowMs = this.#clock.monotonic();
    const services = this.#of(reporter);
    const key = keyOf(series);
    const known = services.get(key);
    if (known === undefined || nowMs - known.atMs > rememberedMs) {
      if (services.size >= maxServices) services.clear();
      const { destination: end, mtls, protocol } = series;
      services.set(key, { end, mtls, protocol, atMs: nowMs });
      return;
    }
    const common = commonEnd(known.end, series.destination);
    // Of several the time stands still, so that it begins anew some time after the last of them.
    known.end = common;
    known.mtls &&= series.mtls;
    known.protocol = series.protocol;
    if (common !== undefined) known.atMs = nowMs;
  }

  /** The series with its destination, where that can be told. */
  attribute(reporter: Reporter, series: TrafficSeries): TrafficSeries {
    const known = this.#of(reporter).get(keyOf(series));
    if (known?.end === undefined) return series;
    return { ...series, destination: known.end, mtls: known.mtls, protocol: known.protocol };
  }

  #of(reporter: Reporter): Map<string, Known> {
    const known = this.#byReporter.get(reporter);
    if (known !== undefined) return known;
    const made = new Map<string, Known>();
    this.#byReporter.set(reporter, made);
    return made;
  }
}

function keyOf({ protocol, service }: TrafficSeries): string {
  return `${protocol === 'tcp' ? 'tcp' : 'http'} ${service}`;
}

/** Of two versions of a workload, the workload. */
function commonEnd(known: TrafficEnd | undefined, end: TrafficEnd): TrafficEnd | undefined {
  if (known === undefined || known === end) return known;
  if (known.kind !== end.kind || known.namespace !== end.namespace || known.name !== end.name)
    return undefined;
  return known.version === end.version || known.version === '' ? known : { ...known, version: '' };
}
