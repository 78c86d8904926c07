/** Work that only one replica does: it runs while this replica leads, and ends when it no longer does. */

import type { LeaderElection } from '../kube/lease.ts';

export type Leadership = Pick<LeaderElection, 'leading' | 'subscribe'>;

/**
 * Calls `work` each time this replica becomes leader, with a signal that aborts when it stops leading or when
 * `signal` does. Never two at a time: the next term waits for the end of the one before. Resolves after `signal`
 * has aborted and the last term has ended. `work` must not reject; what it is made of (queues) handles failures.
 */
export async function whileLeading(
  leadership: Leadership,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  let term: AbortController | undefined;
  let ended = Promise.resolve();
  const change = (leading: boolean): void => {
    term?.abort();
    term = undefined;
    if (!leading || signal.aborted) return;
    const mine = new AbortController();
    term = mine;
    ended = ended.then(() => (mine.signal.aborted ? undefined : work(mine.signal)));
  };
  const unsubscribe = leadership.subscribe(change);
  await new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  unsubscribe();
  term?.abort();
  await ended;
}
