/** The one clock, so that tests can move time. Milliseconds throughout. */

export interface Clock {
  now(): number;
  /** Runs `action` once after `delayMs`; the returned function cancels it. Never keeps the process alive. */
  after(delayMs: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, action) => {
    // setTimeout overflows beyond 2^31-1 ms and would fire at once.
    const timer = setTimeout(action, Math.min(delayMs, 0x7fffffff));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
