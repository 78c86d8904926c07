/**
 * Keeps a sink equal to what the API server has of one kind, for as long as the process lives.
 *
 *   syncing ──initial events end──> live ──closed, failed──> retrying ──> live (from where it was)
 *      │                                                        └──410──> syncing (the sink keeps its content
 *      └──404──> absent (looks again by itself)                            until the new one is complete)
 *
 * Nothing but the projected values is kept, and those only by the sink.
 */

import { Backoff, type BackoffOptions, wait } from '../base/backoff.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { isKubeError, KubeError } from './errors.ts';
import { readList } from './list.ts';
import { relists, watchEvents } from './metrics.ts';
import { Pacer } from './pacer.ts';
import { Gathering, Projector } from './projector.ts';
import { tableOf } from './objects.ts';
import type { Message } from './protobuf.ts';
import { ReflectorHealth, type ReflectorStatus } from './reflector-health.ts';
import { keyOf, pathOf, resourceNameOf } from './resources.ts';
import { OversizeError } from './splitters.ts';
import type { KubeClient, KubeObject, ResourceType, ResponseStream, Sink } from './types.ts';
import { acceptFor, readWatch, SilenceError } from './watch.ts';
import type { WatchEvent } from './watch-events.ts';

export interface ReflectorOptions<T extends KubeObject, V> {
  readonly api: Pick<KubeClient, 'request' | 'stream' | 'serves'>;
  readonly type: ResourceType;
  /**
   * Keeps what is used; undefined leaves the object out. It must bear objects without kind and apiVersion, and
   * of the kinds in objects.ts it sees the fields named there, without empty strings and zeros.
   */
  readonly project: (object: T) => V | undefined;
  readonly sink: Sink<V>;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /**
   * A watch on which nothing arrives for this long is given up. Default 150 s: bookmarks come every
   * minute, but the first one after the initial events often takes two. */
  readonly silenceMs?: number;
  /** Between failures. Default 100 ms to 5 s. */
  readonly backoff?: BackoffOptions;
  /** Told at the first answer, and whenever the cluster begins or ceases to serve the kind. */
  readonly onServed?: (served: boolean) => void;
  /** Between looks at a kind that is not served. Default 1 s to 10 s. */
  readonly absentBackoff?: BackoffOptions;
}

/** Initial events come at once, or the server does not know what was asked. */
const initialSilenceMs = 30_000;
/** An attempt that lasted this long was a good one: what comes next is not its continuation. */
const goodAttemptMs = 5_000;
const quickCloseMs = 1_000;
/** Refusals in a row of the version we resume from, before everything is read anew. */
const mostRefusals = 3;

class GarbageError extends Error {}
class ClosedEarlyError extends Error {}

export class Reflector<T extends KubeObject, V> {
  /** Resolves when the sink is complete for the first time, or when the kind turns out not to be served. */
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions<T, V>;
  readonly #resource: string;
  readonly #path: string;
  /** The fields to read from protobuf; undefined: JSON. */
  #table: Message<unknown> | undefined;
  readonly #clock: Clock;
  readonly #health: ReflectorHealth;
  readonly #projector: Projector<T, V>;
  readonly #backoff: Backoff;
  readonly #absentBackoff: Backoff;
  #resolveSynced: () => void;
  /** Where a watch can resume; undefined: read everything. */
  #version: string | undefined;
  #watchListServed = true;
  #listNext = false;
  #refusals = 0;
  /** Whether a message that is garbage is passed over instead of fetched again. */
  #skipGarbage = false;

  constructor(options: ReflectorOptions<T, V>) {
    this.#options = options;
    this.#resource = resourceNameOf(options.type);
    this.#path = pathOf(options.type, { namespace: options.namespace });
    this.#table = tableOf(options.type);
    this.#clock = options.clock ?? systemClock;
    this.#health = new ReflectorHealth(this.#resource, options.log);
    this.#projector = new Projector(options.type, options.project, options.log);
    this.#backoff = new Backoff(options.backoff ?? { initialMs: 100, maxMs: 5_000 });
    this.#absentBackoff = new Backoff(options.absentBackoff ?? { initialMs: 1_000, maxMs: 10_000 });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#resolveSynced = resolve;
  }

  status(): ReflectorStatus {
    return this.#health.status();
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    this.#health.enter('syncing');
    while (!signal.aborted) {
      const startedAt = this.#clock.monotonic();
      let delayMs = 0;
      try {
        const closed = await this.#attempt(signal);
        const lastedMs = this.#clock.monotonic() - startedAt;
        if (lastedMs >= goodAttemptMs) this.#backoff.reset();
        if (closed && lastedMs < quickCloseMs) delayMs = this.#backoff.next();
      } catch (error) {
        if (signal.aborted) break;
        if (this.#clock.monotonic() - startedAt >= goodAttemptMs) this.#backoff.reset();
        delayMs = await this.#afterFailure(error);
      }
      await wait(delayMs, signal, this.#options.clock);
    }
    this.#health.close();
  }

  /** Lists or watches once. True: a watch, and the server closed it in good order. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    if (this.#version !== undefined) {
      await this.#consume(await this.#open(signal, { resourceVersion: this.#version }), undefined);
      return true;
    }
    relists.inc({ resource: this.#resource });
    const gathering = new Gathering<T, V>(this.#projector, this.#options.sink);
    if (this.#watchListServed && !this.#listNext) {
      const initial = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
      await this.#consume(await this.#open(signal, initial), gathering);
      return true;
    }
    await this.#list(signal);
    return false;
  }

  #open(signal: AbortSignal, query: Readonly<Record<string, string | boolean>>): Promise<ResponseStream> {
    return this.#options.api.stream(this.#path, {
      query: {
        ...this.#selectors(),
        ...query,
        watch: true,
        allowWatchBookmarks: true,
        // The server ends the watch in good order after a time of our choice, spread so that not all end at once.
        timeoutSeconds: 300 + Math.floor(Math.random() * 300),
      },
      accept: acceptFor(this.#table),
      signal,
    });
  }

  #selectors() {
    const { fieldSelector, labelSelector } = this.#options;
    return { fieldSelector, labelSelector };
  }

  async #list(signal: AbortSignal): Promise<void> {
    let gathering = new Gathering<T, V>(this.#projector, this.#options.sink);
    const version = await readList<T>({
      api: this.#options.api,
      path: this.#path,
      query: this.#selectors(),
      signal,
      onObject: (object) => gathering.set(object),
      onRestart: () => {
        gathering = new Gathering(this.#projector, this.#options.sink);
      },
    });
    this.#complete(gathering, version);
  }

  /** Applies the events of a stream until it ends; the initial ones into `gathering`, where there is one. */
  async #consume(stream: ResponseStream, initial: Gathering<T, V> | undefined): Promise<void> {
    let gathering = initial;
    if (gathering === undefined) this.#health.enter('live');
    const pacer = new Pacer();
    const { silenceMs = 150_000 } = this.#options;
    const options = {
      clock: this.#clock,
      silenceMs: () => (gathering === undefined ? silenceMs : Math.min(silenceMs, initialSilenceMs)),
      subject: `GET ${this.#path}`,
      table: this.#table,
    };
    try {
      for await (const events of readWatch<T>(stream, options)) {
        for (const event of events) {
          if (event.kind === 'error') throw event.error;
          if (event.kind === 'garbage') this.#garbage(event.bytes);
          else if (gathering === undefined) this.#live(event);
          else if (this.#gather(gathering, event)) gathering = undefined;
          if (pacer.due()) await pacer.yield();
        }
      }
    } catch (error) {
      // Without the end of the initial events the server does not know WatchList, or is stuck in it.
      if (error instanceof SilenceError && gathering !== undefined) this.#listNext = true;
      if (error instanceof OversizeError) this.#table = undefined;
      throw error;
    }
    if (gathering !== undefined) throw new ClosedEarlyError('the watch ended before its initial events did');
  }

  /** True where the event was the end of the initial ones. */
  #gather(gathering: Gathering<T, V>, event: WatchEvent<T>): boolean {
    if (event.kind === 'set') gathering.set(event.object);
    if (event.kind === 'deleted') gathering.delete(event.object);
    if (event.kind !== 'bookmark' || !event.initialEventsEnd) return false;
    this.#complete(gathering, event.resourceVersion);
    return true;
  }

  #complete(gathering: Gathering<T, V>, version: string): void {
    const objects = gathering.deliver();
    this.#version = version;
    this.#refusals = 0;
    this.#listNext = false;
    this.#health.enter('live');
    this.#options.log.info({ resource: this.#resource, objects }, 'resource is synced');
    this.#options.onServed?.(true);
    this.#resolveSynced();
  }

  #live(event: WatchEvent<T>): void {
    if (event.kind === 'bookmark') {
      this.#moveTo(event.resourceVersion);
      return;
    }
    if (event.kind !== 'set' && event.kind !== 'deleted') return;
    watchEvents.inc({ resource: this.#resource });
    const key = keyOf(event.object);
    if (event.kind === 'deleted') {
      this.#projector.forget(key);
      this.#options.sink.delete(key);
    } else {
      const projected = this.#projector.apply(event.object);
      if (projected.kind === 'value') this.#options.sink.set(key, projected.value);
      if (projected.kind === 'none') this.#options.sink.delete(key);
    }
    this.#moveTo(event.object.metadata.resourceVersion);
  }

  #moveTo(version: string | undefined): void {
    if (version !== undefined) this.#version = version;
    this.#refusals = 0;
    this.#skipGarbage = false;
  }

  /**
   * What an unreadable message stood for is fetched again from the last good version, from now on as JSON; what
   * is unreadable even then is passed over.
   */
  #garbage(bytes: number): void {
    this.#table = undefined;
    if (!this.#skipGarbage) {
      this.#skipGarbage = true;
      throw new GarbageError(`a message of ${bytes} bytes is no watch event`);
    }
    this.#health.passedOver(bytes);
  }

  /** Decides how to go on, and how long to wait before. */
  async #afterFailure(error: unknown): Promise<number> {
    if (isKubeError(error, 404)) return this.#afterNotFound(error);
    const starting = this.#version === undefined;
    if (starting && !this.#listNext && this.#watchListServed && isRefusalOfOptions(error)) {
      this.#watchListServed = false;
      this.#options.log.info({ resource: this.#resource }, 'server has no WatchList; reading by pages');
      return 0;
    }
    if (isKubeError(error, 410)) this.#version = undefined;
    else if (concernsVersion(error) && ++this.#refusals >= mostRefusals) {
      this.#refusals = 0;
      this.#version = undefined;
    }
    this.#failed(error);
    const delayMs = this.#backoff.next();
    const askedMs = (error instanceof KubeError ? (error.retryAfterSeconds ?? 0) : 0) * 1000;
    return Math.min(Math.max(delayMs, askedMs), 30_000);
  }

  async #afterNotFound(error: KubeError): Promise<number> {
    try {
      // A kind that was there is only believed to be gone when discovery says so too.
      if (this.#health.phase !== 'absent' && (await this.#options.api.serves(this.#options.type))) {
        this.#failed(error);
        return this.#backoff.next();
      }
    } catch (discoveryError) {
      this.#failed(discoveryError);
      return this.#backoff.next();
    }
    if (this.#health.phase !== 'absent') {
      this.#absentBackoff.reset();
      this.#version = undefined;
      this.#health.enter('absent');
      this.#options.onServed?.(false);
      this.#options.sink.replace([]);
      this.#resolveSynced();
    }
    return this.#absentBackoff.next();
  }

  #failed(error: unknown): void {
    this.#health.failed(this.#version === undefined ? 'syncing' : 'retrying', reasonOf(error), error);
  }
}

/** 400 and 422: what a server without WatchList says to `sendInitialEvents`. */
function isRefusalOfOptions(error: unknown): boolean {
  return isKubeError(error, 400) || isKubeError(error, 422);
}

/** Errors that may come from the version we resume from, rather than from the network, load or permissions. */
function concernsVersion(error: unknown): boolean {
  if (error instanceof GarbageError || error instanceof OversizeError) return true;
  return error instanceof KubeError && ![0, 401, 403, 429, 503].includes(error.status);
}

function reasonOf(error: unknown): string {
  if (isKubeError(error, 410)) return 'expired';
  if (error instanceof KubeError) return error.code;
  if (error instanceof SilenceError) return 'silence';
  if (error instanceof GarbageError || error instanceof OversizeError) return 'garbage';
  return 'broken';
}
