/** A stream of live requests in a component; what arrives is shown a few times a second, however much it is. */

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { TapEvent, TapLine } from '../../../telemetry/model.ts';
import { ApiProblem, type Parameters } from '../api/client.ts';
import { client } from './browser.ts';
import { addEvents, emptyTap, type TapBuffer } from './tap-buffer.ts';
import { askToSignIn, isSignIn } from './use-data.ts';

export interface TapQuestion {
  readonly namespace: string;
  readonly parameters: Parameters;
}

export interface Tap {
  readonly buffer: TapBuffer;
  readonly state: 'idle' | 'open' | 'ended' | 'failed';
  readonly problem?: unknown;
  /** What the server said last about the stream: proxies that cannot be reached, requests left out. */
  readonly notice?: string;
  clear(): void;
}

const showEveryMs = 200;
const limit = 1000;

/** The last line of a stream that ended for a reason. */
interface StreamStatus {
  readonly kind: 'Status';
  readonly message?: string;
  readonly code?: number;
}

/** @param question undefined closes the stream */
export function useTap(question: TapQuestion | undefined, isPaused: boolean): Tap {
  const [buffer, setBuffer] = useState<TapBuffer>(emptyTap);
  const [end, setEnd] = useState<{ readonly state: Tap['state']; readonly problem?: unknown }>({
    state: 'idle',
  });
  const [notice, setNotice] = useState<string>();
  const pausedNow = useRef(isPaused);
  pausedNow.current = isPaused;
  const key = question === undefined ? '' : JSON.stringify(question);
  useLayoutEffect(() => {
    if (question === undefined) return setEnd({ state: 'idle' });
    const controller = new AbortController();
    let waiting: TapEvent[] = [];
    setBuffer(emptyTap);
    setNotice(undefined);
    setEnd({ state: 'open' });
    const show = (): void => {
      const arrived = waiting;
      waiting = [];
      setBuffer((before) => addEvents(before, arrived, { isPaused: pausedNow.current, limit }));
    };
    const timer = setInterval(show, showEveryMs);
    const listen = async (): Promise<void> => {
      const items = client.stream<TapLine | StreamStatus>('taps', {
        ...question,
        signal: controller.signal,
      });
      for await (const item of items) {
        if ('kind' in item)
          throw new ApiProblem('failed', item.message ?? 'The stream ended.', item.code ?? 0);
        // What the tap says of itself is no request.
        if ('notice' in item) setNotice(item.notice);
        else waiting.push(item);
      }
    };
    listen()
      .then(
        () => setEnd({ state: 'ended' }),
        (problem: unknown) => {
          if (controller.signal.aborted) return;
          if (isSignIn(problem)) askToSignIn(problem);
          setEnd({ state: 'failed', problem });
        },
      )
      .finally(() => {
        clearInterval(timer);
        if (!controller.signal.aborted) show();
      });
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  }, [key]);
  return { buffer, ...end, ...(notice === undefined ? {} : { notice }), clear: () => setBuffer(emptyTap) };
}
