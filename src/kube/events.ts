/**
 * Events that people see with `kubectl describe`: created at once, counted up instead of repeated, limited per
 * object, sent in the background. Telling about a thing never fails or delays the thing itself.
 */

import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { isKubeError } from './errors.ts';
import { EventLimiter } from './eventlimit.ts';
import { eventsSent } from './metrics.ts';
import { events, pathOf } from './resources.ts';
import { formatMicroTime } from './status.ts';
import type { KubeApi, KubeObject } from './types.ts';

/** The object that an Event is about (core/v1 ObjectReference). */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly fieldPath?: string;
}

export interface EventRecord {
  readonly regarding: EventSubject;
  readonly type: 'Normal' | 'Warning';
  /** Why, one word in CamelCase, e.g. `BackendNotFound`. */
  readonly reason: string;
  /** What was done or tried, one word in CamelCase, e.g. `Translate`. */
  readonly action: string;
  /** For people; cut at 1024 bytes. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly api: Pick<KubeApi, 'request'>;
  /** This replica's pod name. */
  readonly instance: string;
  readonly log: Logger;
  readonly clock?: Clock;
  /** `reportingController`. Default `weft.dev/weft`. */
  readonly controller?: string;
  /** How often a repeated Event's count is written. Default 30 s. */
  readonly seriesIntervalMs?: number;
}

/** One distinct Event. `written` is the count the API server knows. */
interface Series {
  readonly record: EventRecord;
  readonly name: string;
  readonly namespace: string;
  count: number;
  written: number;
  /** Of its last occurrence: Unix time, and on the clock that does not jump. */
  lastAt: number;
  lastMs: number;
  timer: (() => void) | undefined;
}

const mostSeries = 2048;
const mostQueued = 1000;
/** Like client-go: a thing that was quiet for this long is a new Event when it comes again. */
const seriesEndsAfterMs = 6 * 60_000;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #limiter: EventLimiter;
  /** In order of their last occurrence. */
  readonly #series = new Map<string, Series>();
  readonly #queue = new Set<Series>();
  #sending: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#limiter = new EventLimiter(this.#clock);
  }

  /** Never throws and never waits. */
  record(record: EventRecord): void {
    const nowMs = this.#clock.monotonic();
    const key = seriesKey(record);
    const known = this.#series.get(key);
    if (known !== undefined && nowMs - known.lastMs < seriesEndsAfterMs) {
      known.count += 1;
      known.lastAt = this.#clock.now();
      known.lastMs = nowMs;
      this.#series.delete(key);
      this.#series.set(key, known);
      known.timer ??= this.#clock.after(this.#options.seriesIntervalMs ?? 30_000, () => this.#enqueue(known));
      return;
    }
    if (!this.#limiter.admits(subjectKey(record.regarding))) {
      eventsSent.inc({ result: 'limited' });
      return;
    }
    known?.timer?.();
    const series = this.#begin(record, nowMs);
    this.#series.delete(key);
    this.#series.set(key, series);
    this.#evict();
    this.#enqueue(series);
  }

  /** Writes what is due, counts included; for the end of the process. Never rejects. */
  async flush(): Promise<void> {
    for (const series of this.#series.values()) {
      if (series.count > series.written) this.#enqueue(series);
    }
    await this.#sending;
  }

  #begin(record: EventRecord, lastMs: number): Series {
    // Names of objects reach 253 characters, and so may names of Events.
    const name = `${record.regarding.name.slice(0, 230)}.${randomBytes(8).toString('hex')}`;
    // An Event about a cluster-scoped object lives in `default`; the API server insists on it.
    const namespace = record.regarding.namespace ?? 'default';
    return {
      record,
      name,
      namespace,
      count: 1,
      written: 0,
      lastAt: this.#clock.now(),
      lastMs,
      timer: undefined,
    };
  }

  #evict(): void {
    for (const [key, oldest] of this.#series) {
      if (this.#series.size <= mostSeries) return;
      oldest.timer?.();
      this.#series.delete(key);
    }
  }

  #enqueue(series: Series): void {
    series.timer?.();
    series.timer = undefined;
    if (this.#queue.size >= mostQueued) {
      eventsSent.inc({ result: 'dropped' });
      return;
    }
    this.#queue.add(series);
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined;
    });
  }

  async #drain(): Promise<void> {
    // One turn later, so that a burst is counted up before it is written.
    await Promise.resolve();
    for (const series of this.#queue) {
      this.#queue.delete(series);
      try {
        await this.#write(series);
      } catch (error) {
        eventsSent.inc({ result: 'failed' });
        const { reason, regarding } = series.record;
        this.#options.log.warn(
          { reason, regarding: regarding.name, err: describeError(error) },
          'event not written',
        );
      }
    }
  }

  async #write(series: Series): Promise<void> {
    const { count } = series;
    if (series.written > 0) {
      if (count === series.written || (await this.#countUp(series, count))) return;
      // The Event has expired meanwhile: it is told anew, with the whole count.
    }
    const { namespace } = series;
    await this.#options.api.request('POST', pathOf(events, { namespace }), {
      body: this.#eventOf(series, count),
    });
    series.written = count;
    eventsSent.inc({ result: 'created' });
  }

  async #countUp(series: Series, count: number): Promise<boolean> {
    const { namespace, name } = series;
    try {
      await this.#options.api.request('PATCH', pathOf(events, { namespace, name }), {
        contentType: 'application/merge-patch+json',
        body: { series: { count, lastObservedTime: formatMicroTime(series.lastAt) } },
      });
    } catch (error) {
      if (isKubeError(error, 404)) return false;
      throw error;
    }
    series.written = count;
    eventsSent.inc({ result: 'repeated' });
    return true;
  }

  #eventOf(series: Series, count: number): KubeObject & Record<string, unknown> {
    const { record, name, namespace } = series;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name, namespace },
      eventTime: formatMicroTime(series.lastAt),
      reportingController: this.#options.controller ?? 'weft.dev/weft',
      reportingInstance: this.#options.instance.slice(0, 128),
      action: record.action,
      reason: record.reason,
      type: record.type,
      regarding: record.regarding,
      note: cut(record.note, 1024),
      ...(count > 1 ? { series: { count, lastObservedTime: formatMicroTime(series.lastAt) } } : {}),
    };
  }
}

function subjectKey(subject: EventSubject): string {
  return `${subject.apiVersion} ${subject.kind} ${subject.namespace ?? ''}/${subject.name} ${subject.uid ?? ''}`;
}

function seriesKey(record: EventRecord): string {
  return [subjectKey(record.regarding), record.type, record.reason, record.action, record.note].join('\n');
}

/** At a character's boundary, with an ellipsis where something is missing. */
function cut(text: string, mostBytes: number): string {
  if (Buffer.byteLength(text) <= mostBytes) return text;
  const bytes = Buffer.from(text).subarray(0, mostBytes - 3);
  return `${bytes.toString('utf8').replace(/\uFFFD$/, '')}…`;
}
