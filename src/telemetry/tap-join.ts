/**
 * Puts headers and bodies to their requests. A proxy shows both, each on its own way, so whichever comes first waits for
 * the other: by pod and x-request-id, and where a pod passes that on with a request of its own, also by method and path.
 */

import type { Clock } from '../base/clock.ts';
import type { TapEvent } from './model.ts';
import { type ContentSpec, type TappedContent, visibleHeaders } from './tap-contents.ts';

/** Events come in batches, a quarter of a second late; longer than this is not waited for either. */
const patienceMs = 2_000;
const mostWaiting = 5_000;

export interface TapJoinOptions {
  readonly clock: Clock;
  readonly spec: ContentSpec;
  readonly deliver: (event: TapEvent) => void;
}

export class TapJoin {
  readonly #options: TapJoinOptions;
  readonly #contents = new Map<string, TappedContent[]>();
  readonly #events = new Map<string, TapEvent[]>();
  #cancels = new Set<() => void>();

  constructor(options: TapJoinOptions) {
    this.#options = options;
  }

  event(event: TapEvent): void {
    const key = `${event.pod} ${event.requestId}`;
    const found =
      event.requestId === '' ? undefined : takeBest(this.#contents, key, (one) => fits(event, one));
    if (found !== undefined) return this.#deliver(event, found);
    this.#wait(this.#events, key, event, () => {
      // Its content did not come. Whether its headers match nobody knows then.
      if (this.#options.spec.match === undefined) this.#options.deliver(event);
    });
  }

  /** @param pod `namespace/pod` */
  content(pod: string, content: TappedContent): void {
    const key = `${pod} ${content.requestId}`;
    const found = takeBest(this.#events, key, (event) => fits(event, content));
    if (found !== undefined) this.#deliver(found, content);
    else this.#wait(this.#contents, key, content, () => undefined);
  }

  close(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#contents.clear();
    this.#events.clear();
  }

  #deliver(event: TapEvent, content: TappedContent): void {
    const { spec, deliver } = this.#options;
    const { match } = spec;
    if (match !== undefined) {
      const value = content.requestHeaders[match.name];
      if (value === undefined || (match.value !== undefined && value !== match.value)) return;
    }
    deliver({
      ...event,
      ...(spec.headers
        ? {
            requestHeaders: visibleHeaders(content.requestHeaders, spec),
            responseHeaders: visibleHeaders(content.responseHeaders, spec),
          }
        : {}),
      ...(spec.bodies ? { requestBody: content.requestBody, responseBody: content.responseBody } : {}),
    });
  }

  #wait<T>(waiting: Map<string, T[]>, key: string, item: T, late: () => void): void {
    if (waiting.size >= mostWaiting) return late();
    const items = waiting.get(key) ?? [];
    items.push(item);
    waiting.set(key, items);
    const cancel = this.#options.clock.after(patienceMs, () => {
      this.#cancels.delete(cancel);
      if (take(waiting, key, item)) late();
    });
    this.#cancels.add(cancel);
  }
}

function fits({ method, path }: TapEvent, content: TappedContent): boolean {
  return method === content.method && path === content.path;
}

/** The one that fits, or else the only one that there is: a route may have changed the path between the two. */
function takeBest<T>(waiting: Map<string, T[]>, key: string, isBest: (item: T) => boolean): T | undefined {
  const items = waiting.get(key) ?? [];
  const found = items.find(isBest) ?? (items.length === 1 ? items[0] : undefined);
  if (found !== undefined) take(waiting, key, found);
  return found;
}

function take<T>(waiting: Map<string, T[]>, key: string, item: T): boolean {
  const items = waiting.get(key);
  const index = items?.indexOf(item) ?? -1;
  if (items === undefined || index < 0) return false;
  items.splice(index, 1);
  if (items.length === 0) waiting.delete(key);
  return true;
}
