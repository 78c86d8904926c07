/** What a watch tells, in either encoding: one event per message of the stream. */

import { errorOfStatus, type KubeError, type Status } from './errors.ts';
import { contentOf, decode, integer, type Message, message, nested, string } from './protobuf.ts';
import { FrameSplitter, LineSplitter } from './splitters.ts';
import type { KubeObject } from './types.ts';

export type WatchEvent<T> =
  | { readonly kind: 'set'; readonly object: T }
  | { readonly kind: 'deleted'; readonly object: T }
  /** Nothing changed up to this version; `initialEventsEnd` closes the initial events of a WatchList. */
  | { readonly kind: 'bookmark'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly kind: 'error'; readonly error: KubeError }
  /** A message that is no watch event; what it stood for is lost. */
  | { readonly kind: 'garbage'; readonly bytes: number };

export interface EventReader<T> {
  /** The events that a chunk of the stream completes. */
  push(chunk: Buffer): Iterable<WatchEvent<T>>;
}

/** `subject` is verb and path, for errors. */
export function jsonEvents<T extends KubeObject>(subject: string): EventReader<T> {
  const splitter = new LineSplitter();
  return {
    *push(chunk) {
      for (const line of splitter.push(chunk)) {
        yield parseLine<T>(line, subject) ?? { kind: 'garbage', bytes: line.length };
      }
    },
  };
}

export function protobufEvents<T extends KubeObject>(
  subject: string,
  table: Message<unknown>,
): EventReader<T> {
  const splitter = new FrameSplitter();
  return {
    *push(chunk) {
      for (const frame of splitter.push(chunk)) {
        yield parseFrame<T>(frame, table as Message<T>, subject) ?? { kind: 'garbage', bytes: frame.length };
      }
    },
  };
}

function parseLine<T extends KubeObject>(line: string, subject: string): WatchEvent<T> | undefined {
  try {
    const event: { type?: unknown; object?: T & Status } = JSON.parse(line);
    if (event.type === 'ERROR') return { kind: 'error', error: errorOfStatus(subject, 0, event.object) };
    return eventOf(event.type, event.object);
  } catch {
    return undefined;
  }
}

/** Every object's encoding begins with these four bytes, before a runtime.Unknown. */
const magic = Buffer.from('k8s\0', 'latin1');

/** Of a metav1.WatchEvent: the runtime.RawExtension's bytes; of the runtime.Unknown in them: the object's. */
function objectOf(frame: Buffer): Buffer | undefined {
  const extension = contentOf(frame, 2);
  const raw = extension && contentOf(extension, 1);
  if (raw === undefined || raw.length < magic.length || !isMagic(raw)) return undefined;
  return contentOf(raw.subarray(magic.length), 2);
}

function isMagic(raw: Buffer): boolean {
  return raw[0] === magic[0] && raw[1] === magic[1] && raw[2] === magic[2] && raw[3] === magic[3];
}

/** metav1.Status. */
const status = message<Omit<Status, 'kind'>>({
  message: string(3),
  reason: string(4),
  details: nested(5, message<NonNullable<Status['details']>>({ retryAfterSeconds: integer(5) })),
  code: integer(6),
});

function parseFrame<T extends KubeObject>(
  frame: Buffer,
  table: Message<T>,
  subject: string,
): WatchEvent<T> | undefined {
  try {
    const type = contentOf(frame, 1)?.toString('latin1');
    const object = objectOf(frame);
    if (object === undefined) return undefined;
    if (type === 'ERROR') return { kind: 'error', error: errorOfStatus(subject, 0, decode(object, status)) };
    return eventOf(type, decode(object, table));
  } catch {
    return undefined;
  }
}

/** Metav1 annotation on the bookmark that ends the initial events (KEP-3157). */
const initialEventsEnd = 'k8s.io/initial-events-end';

function eventOf<T extends KubeObject>(type: unknown, object: T | undefined): WatchEvent<T> | undefined {
  const metadata = object?.metadata;
  if (object === undefined || typeof metadata !== 'object' || metadata === null) return undefined;
  if (type === 'BOOKMARK') {
    const { resourceVersion, annotations } = metadata;
    if (typeof resourceVersion !== 'string') return undefined;
    return {
      kind: 'bookmark',
      resourceVersion,
      initialEventsEnd: annotations?.[initialEventsEnd] === 'true',
    };
  }
  if (typeof metadata.name !== 'string') return undefined;
  if (type === 'ADDED' || type === 'MODIFIED') return { kind: 'set', object };
  return type === 'DELETED' ? { kind: 'deleted', object } : undefined;
}
