/**
 * Asks again and again: the next question a while after the last answer, never two at once. What was known stays known
 * when a question fails. Stands still while paused or while nobody looks at the tab.
 */

export interface Polled<T> {
  readonly data?: T;
  readonly problem?: unknown;
  /** When the data came. */
  readonly atMs?: number;
  readonly loading: boolean;
}

export interface PollOptions<T> {
  readonly ask: (signal: AbortSignal) => Promise<T>;
  readonly intervalMs: number;
  readonly resting: () => boolean;
  readonly tell: (state: Polled<T>) => void;
  readonly nowMs: () => number;
  readonly schedule: (what: () => void, delayMs: number) => () => void;
}

export interface Poll {
  /** Asks now, even when resting. */
  refresh(): void;
  end(): void;
}

/** Looking whether the rest is over is cheap; a quarter of a second later is soon enough. */
const restCheckMs = 250;

export function startPoll<T>(options: PollOptions<T>): Poll {
  let state: Polled<T> = { loading: true };
  let controller: AbortController | undefined;
  let cancel = (): void => {};
  let ended = false;

  const tell = (next: Polled<T>): void => {
    state = next;
    options.tell(next);
  };
  const later = (delayMs: number): void => {
    cancel();
    cancel = options.schedule(() => (options.resting() ? later(restCheckMs) : ask()), delayMs);
  };
  const ask = (): void => {
    cancel();
    controller?.abort();
    const mine = new AbortController();
    controller = mine;
    tell({ ...state, loading: true });
    options.ask(mine.signal).then(
      (data) => {
        if (ended || controller !== mine) return;
        tell({ data, atMs: options.nowMs(), loading: false });
        later(options.intervalMs);
      },
      (problem: unknown) => {
        if (ended || controller !== mine) return;
        tell({ ...state, problem, loading: false });
        later(options.intervalMs);
      },
    );
  };
  ask();
  return {
    refresh: ask,
    end: () => {
      ended = true;
      cancel();
      controller?.abort();
    },
  };
}
