/**
 * Time as the store sees it: slots of equal length, one after the other, by the monotonic clock, so that a jump of the
 * wall clock neither loses a slot nor counts one twice. Each slot also says what the wall clock showed when it began, as
 * a multiple of the resolution, which is what replicas agree by. Where the wall clock jumps, the next slot begins at
 * what it shows now, and the jump is remembered for as long as slots from before it are.
 */

export interface SlotTimes {
  /** Monotonic, milliseconds. */
  readonly beginMs: number;
  readonly endMs: number;
  /** Unix time of its begin, a multiple of the resolution. */
  readonly atMs: number;
}

export interface ClockJump {
  /** Monotonic time at which it was noticed. */
  readonly noticedMs: number;
  /** What the wall clock showed after it. */
  readonly atMs: number;
  /** Positive: forwards. */
  readonly byMs: number;
}

/** Less than this is taken for the drift that every clock has, and made up for by the length of the next slot. */
export const driftMs = 1_000;

/** The slot that contains the present. */
export function firstSlot(resolutionMs: number, monotonicMs: number, wallMs: number): SlotTimes {
  return slotFrom(resolutionMs, monotonicMs, wallMs);
}

/** The slot after one that has ended, and the jump that the wall clock made meanwhile. */
export function nextSlot(
  resolutionMs: number,
  before: SlotTimes,
  monotonicMs: number,
  wallMs: number,
): { readonly slot: SlotTimes; readonly jump: ClockJump | undefined } {
  // What the wall clock showed when the slot before ended, if it runs as it does now.
  const shownMs = wallMs - (monotonicMs - before.endMs);
  const byMs = shownMs - (before.atMs + resolutionMs);
  const jump =
    Math.abs(byMs) < driftMs ? undefined : { noticedMs: monotonicMs, atMs: wallMs, byMs: Math.round(byMs) };
  return { slot: slotFrom(resolutionMs, before.endMs, shownMs), jump };
}

/** Ends where the next multiple of the resolution begins, so that slots of all replicas begin at the same times. */
function slotFrom(resolutionMs: number, beginMs: number, wallMs: number): SlotTimes {
  const nearestMs = Math.round(wallMs / resolutionMs) * resolutionMs;
  const atMs =
    Math.abs(wallMs - nearestMs) < driftMs ? nearestMs : Math.floor(wallMs / resolutionMs) * resolutionMs;
  return { beginMs, endMs: beginMs + (atMs + resolutionMs - wallMs), atMs };
}
