/** An answer of the API in a component, kept fresh; a 401 leads to the sign-in. */

import { useLayoutEffect, useState } from 'preact/hooks';
import { ApiProblem, type Asked } from '../api/client.ts';
import { client, mustSignIn, paused, refreshes, signInProblem, token } from './browser.ts';
import { type Polled, startPoll } from './poll.ts';

export const refreshMs = 5000;

/** @param resource undefined asks nothing */
export function useData<T>(
  resource: string | undefined,
  asked: Asked = {},
  intervalMs: number = refreshMs,
): Polled<T> {
  const key = resource === undefined ? '' : JSON.stringify([resource, asked.namespace, asked.parameters]);
  const [state, setState] = useState<{ readonly key: string; readonly polled: Polled<T> }>({
    key,
    polled: { loading: true },
  });
  useLayoutEffect(() => {
    if (resource === undefined) return;
    const mine = startPoll<T>({
      ask: (signal) => client.get<T>(resource, { ...asked, signal }),
      intervalMs,
      resting: () => paused.get() || document.hidden || mustSignIn.get(),
      tell: (polled) => {
        if (isSignIn(polled.problem)) askToSignIn(polled.problem);
        setState({ key, polled });
      },
      nowMs: () => Date.now(),
      schedule: (what, delayMs) => {
        const timer = setTimeout(what, delayMs);
        return () => clearTimeout(timer);
      },
    });
    const stopWatching = refreshes.watch(() => mine.refresh());
    return () => {
      stopWatching();
      mine.end();
    };
  }, [key, intervalMs]);
  // The answer to another question is not shown as the answer to this one.
  return state.key === key ? state.polled : { loading: true };
}

export function isSignIn(problem: unknown): problem is ApiProblem {
  return problem instanceof ApiProblem && problem.kind === 'signIn';
}

export function askToSignIn(problem: ApiProblem): void {
  signInProblem.set(token.get() === undefined ? undefined : `This token was refused: ${problem.message}`);
  mustSignIn.set(true);
}
