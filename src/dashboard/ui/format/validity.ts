/** How far a certificate is through its life. */

export interface Validity {
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
}

export interface Age {
  /** Of its life, 0 to 1. */
  readonly used: number;
  /** Negative when it has ended. */
  readonly leftMs: number;
  /** `late`: proxies renew at half of the life or two thirds; whatever is older than that is not being renewed. */
  readonly state: 'fresh' | 'late' | 'expired' | 'future';
}

const lateFrom = 0.85;

/** Undefined where the certificate is not known. */
export function ageOf({ notBeforeMs, notAfterMs }: Validity, nowMs: number): Age | undefined {
  if (notBeforeMs === undefined || notAfterMs === undefined) return undefined;
  const lifeMs = Math.max(1, notAfterMs - notBeforeMs);
  const used = Math.min(1, Math.max(0, (nowMs - notBeforeMs) / lifeMs));
  const leftMs = notAfterMs - nowMs;
  const state =
    leftMs <= 0 ? 'expired' : nowMs < notBeforeMs ? 'future' : used >= lateFrom ? 'late' : 'fresh';
  return { used, leftMs, state };
}
