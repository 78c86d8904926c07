/** Durations as people type them. */

import { WeftError } from '../base/errors.ts';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `90s`, `5m`, `1h` in milliseconds. Throws WeftError WEFT-CLI-03. */
export function parseDuration(option: string, text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
  if (count === '') {
    throw new WeftError('WEFT-CLI-03', `${JSON.stringify(text)} is not a duration such as 90s or 5m.`, {
      field: option,
    });
  }
  return Number(count) * unitMs[unit as keyof typeof unitMs];
}
