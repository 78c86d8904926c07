/** Durations of Gateway API (GEP-2257). */

import { RouteProblem } from './problem.ts';

const whole = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;
const part = /([0-9]{1,5})(ms|h|m|s)/g;
const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of a text such as `1h30m` or `500ms`, or undefined where it is not a duration. */
export function parseDurationMs(text: string): number | undefined {
  if (!whole.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count, unit = ''] of text.matchAll(part)) totalMs += Number(count) * (unitMs[unit] ?? 0);
  return totalMs;
}

/** Throws RouteProblem where the text, at `field`, is not a duration. */
export function readDurationMs(text: string, field: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined)
    throw new RouteProblem(field, `${text} is not a duration such as 500ms or 1m30s`);
  return durationMs;
}
