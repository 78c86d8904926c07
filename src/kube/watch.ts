/** One watch, from its stream: events as they arrive, and an end when the server falls silent. */

import type { Clock } from '../base/clock.ts';
import type { Message } from './protobuf.ts';
import type { KubeObject, ResponseStream } from './types.ts';
import { jsonEvents, protobufEvents, type WatchEvent } from './watch-events.ts';

const protobufType = 'application/vnd.kubernetes.protobuf';

/** For `stream`: protobuf where there is a table to read it with, and JSON from servers that only have that. */
export function acceptFor(table: Message<unknown> | undefined): string {
  return table === undefined ? 'application/json' : `${protobufType};stream=watch,application/json`;
}

export interface WatchOptions {
  readonly clock: Clock;
  /** The stream is broken off with a SilenceError when nothing arrives for this long; it may change meanwhile. */
  readonly silenceMs: () => number;
  /** Verb and path, for errors. */
  readonly subject: string;
  /** The fields to read; given exactly when protobuf was asked for. */
  readonly table: Message<unknown> | undefined;
}

export class SilenceError extends Error {
  readonly code = 'SILENCE';
}

/**
 * Yields the events of one chunk at a time until the server closes the stream; throws the stream's error or a
 * SilenceError. An unfinished last message is no event. Leaving the loop closes the stream. (One promise per
 * event, instead of per chunk, would cost as much as decoding it.)
 */
export async function* readWatch<T extends KubeObject>(
  stream: ResponseStream,
  options: WatchOptions,
): AsyncGenerator<Iterable<WatchEvent<T>>> {
  const { table, subject } = options;
  const isProtobuf = table !== undefined && stream.contentType.startsWith(protobufType);
  const reader = isProtobuf ? protobufEvents<T>(subject, table) : jsonEvents<T>(subject);
  const watchdog = new Watchdog(stream, options);
  try {
    for await (const chunk of stream) {
      watchdog.heard();
      yield reader.push(chunk);
    }
  } finally {
    watchdog.stop();
    stream.destroy();
  }
}

/** Breaks a stream off on which nothing arrives. Looks at most once per limit instead of once per chunk. */
class Watchdog {
  readonly #stream: ResponseStream;
  readonly #clock: Clock;
  readonly #silenceMs: () => number;
  #heardAt: number;
  #cancel: () => void;

  constructor(stream: ResponseStream, options: WatchOptions) {
    this.#stream = stream;
    this.#clock = options.clock;
    this.#silenceMs = options.silenceMs;
    this.#heardAt = this.#clock.monotonic();
    this.#cancel = this.#clock.after(this.#silenceMs(), () => this.#look());
  }

  heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const silentForMs = this.#clock.monotonic() - this.#heardAt;
    const leftMs = this.#silenceMs() - silentForMs;
    if (leftMs <= 0) {
      this.#stream.destroy(new SilenceError(`nothing was heard for ${Math.round(silentForMs / 1000)} s`));
      return;
    }
    this.#cancel = this.#clock.after(leftMs, () => this.#look());
  }
}
