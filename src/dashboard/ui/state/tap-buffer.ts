/** The live requests that the page holds: the newest, up to a limit; what came during a pause is counted. */

import type { TapEvent } from '../../../telemetry/model.ts';

export interface TappedEvent {
  /** In order of arrival; stable, for the list. */
  readonly number: number;
  readonly event: TapEvent;
}

export interface TapBuffer {
  /** The newest first. */
  readonly events: readonly TappedEvent[];
  readonly received: number;
  /** Arrived while paused, and not kept. */
  readonly missed: number;
}

export const emptyTap: TapBuffer = { events: [], received: 0, missed: 0 };

/** @param isPaused then the list stands still, so that one can read it */
export function addEvents(
  buffer: TapBuffer,
  arrived: readonly TapEvent[],
  { isPaused, limit }: { readonly isPaused: boolean; readonly limit: number },
): TapBuffer {
  if (arrived.length === 0) return buffer;
  const received = buffer.received + arrived.length;
  if (isPaused) return { ...buffer, received, missed: buffer.missed + arrived.length };
  const added = arrived.map((event, index) => ({ number: buffer.received + index, event })).reverse();
  return { events: [...added, ...buffer.events].slice(0, limit), received, missed: buffer.missed };
}

/** A connection of another protocol has neither method nor path, and must have a name all the same. */
export function titleOf(event: TapEvent): string {
  if (event.method !== '') return `${event.method} ${event.path}`;
  return `${event.protocol === '' ? 'TCP' : event.protocol.toUpperCase()} connection`;
}

/** Whether the reader's words are all found in what a request says of itself. */
export function matchesTap({ event }: TappedEvent, search: string): boolean {
  const text = [
    event.method,
    event.authority,
    event.path,
    event.status,
    event.source.name,
    event.destination.name,
    event.pod,
    event.requestId,
    ...event.flags,
  ]
    .join(' ')
    .toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
