/** The events of one watch, read from its stream: lines, JSON, and an end when the server falls silent. */

import type { Clock } from '../base/clock.ts';
import { errorOfStatus, type KubeError, type Status } from './errors.ts';
import { LineSplitter } from './lines.ts';
import type { KubeObject, ResponseStream } from './types.ts';

export type WatchEvent<T> =
  | { readonly kind: 'set'; readonly object: T }
  | { readonly kind: 'deleted'; readonly object: T }
  /** Nothing changed up to this version; `initialEventsEnd` closes the initial events of a WatchList. */
  | { readonly kind: 'bookmark'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly kind: 'error'; readonly error: KubeError }
  /** A line that is no watch event; what it stood for is lost. */
  | { readonly kind: 'garbage'; readonly bytes: number };

export interface WatchOptions {
  readonly clock: Clock;
  /** The stream is broken off with a SilenceError when nothing arrives for this long. */
  readonly silenceMs: number;
  /** Verb and path, for errors. */
  readonly subject: string;
}

export class SilenceError extends Error {
  readonly code = 'SILENCE';
}

/** Metav1 annotation on the bookmark that ends the initial events (KEP-3157). */
const initialEventsEnd = 'k8s.io/initial-events-end';

/**
 * Yields until the server closes the stream; throws the stream's error or a SilenceError. An unfinished last
 * line is no event. Leaving the loop closes the stream.
 */
export async function* readWatch<T extends KubeObject>(
  stream: ResponseStream,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const splitter = new LineSplitter();
  const watchdog = new Watchdog(stream, options);
  try {
    for await (const chunk of stream) {
      watchdog.heard();
      for (const line of splitter.push(chunk)) yield parseEvent<T>(line, options.subject);
    }
  } finally {
    watchdog.stop();
    stream.destroy();
  }
}

function parseEvent<T extends KubeObject>(line: string, subject: string): WatchEvent<T> {
  const garbage = { kind: 'garbage', bytes: line.length } as const;
  let event: { type?: unknown; object?: T & Status };
  try {
    event = JSON.parse(line);
  } catch {
    return garbage;
  }
  const object = event?.object;
  if (typeof object !== 'object' || object === null) return garbage;
  if (event.type === 'ERROR') return { kind: 'error', error: errorOfStatus(subject, 0, object) };
  const metadata = object.metadata;
  if (typeof metadata !== 'object' || metadata === null) return garbage;
  if (event.type === 'BOOKMARK') {
    const { resourceVersion, annotations } = metadata;
    if (typeof resourceVersion !== 'string') return garbage;
    return {
      kind: 'bookmark',
      resourceVersion,
      initialEventsEnd: annotations?.[initialEventsEnd] === 'true',
    };
  }
  if (typeof metadata.name !== 'string') return garbage;
  if (event.type === 'ADDED' || event.type === 'MODIFIED') return { kind: 'set', object };
  if (event.type === 'DELETED') return { kind: 'deleted', object };
  return garbage;
}

/** Breaks a stream off on which nothing arrives. Looks at most once per limit instead of once per chunk. */
class Watchdog {
  readonly #stream: ResponseStream;
  readonly #clock: Clock;
  readonly #silenceMs: number;
  #heardAt: number;
  #cancel: () => void;

  constructor(stream: ResponseStream, options: WatchOptions) {
    this.#stream = stream;
    this.#clock = options.clock;
    this.#silenceMs = options.silenceMs;
    this.#heardAt = this.#clock.now();
    this.#cancel = this.#clock.after(this.#silenceMs, () => this.#look());
  }

  heard(): void {
    this.#heardAt = this.#clock.now();
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const silentForMs = this.#clock.now() - this.#heardAt;
    if (silentForMs >= this.#silenceMs) {
      this.#stream.destroy(new SilenceError(`nothing was heard for ${Math.round(silentForMs / 1000)} s`));
      return;
    }
    this.#cancel = this.#clock.after(this.#silenceMs - silentForMs, () => this.#look());
  }
}
