/** The one clock, so that tests can move time. Milliseconds throughout. */

export interface Clock {
  /** Unix time. Whoever sets the clock of the machine makes it jump: for times that are told or compared with others'. */
  now(): number;
  /** Since some moment, without ever jumping: for how long something took, lasts or is kept. */
  monotonic(): number;
  /** Runs `action` once after `delayMs`; the returned function cancels it. Never keeps the process alive. */
  after(delayMs: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, action) => {
    // setTimeout overflows beyond 2^31-1 ms and would fire at once.
    const timer = setTimeout(action, Math.min(delayMs, 0x7fffffff));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
