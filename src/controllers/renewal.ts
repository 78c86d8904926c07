/** When certificates that the control plane issues to itself or over streams are to be replaced. */

export interface Term {
  readonly notBeforeMs: number;
  readonly renewAtMs: number;
}

/** Of what has not been issued yet. */
export const noTerm: Term = { notBeforeMs: 0, renewAtMs: 0 };

/** @param soonestMs an authority that is about to end cuts every certificate shorter than the one before */
export function termOf(
  { notBeforeMs, notAfterMs }: { readonly notBeforeMs: number; readonly notAfterMs: number },
  soonestMs: number,
): Term {
  const dueMs = notBeforeMs + ((notAfterMs - notBeforeMs) * 2) / 3;
  return { notBeforeMs, renewAtMs: Math.max(dueMs, soonestMs) };
}

/** One that was issued while the clock was ahead is not valid yet: nobody would take it. */
export function isDue({ notBeforeMs, renewAtMs }: Term, nowMs: number): boolean {
  return nowMs >= renewAtMs || nowMs < notBeforeMs;
}
