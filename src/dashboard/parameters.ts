/** Parameters of questions, read strictly: a misspelt one is an error, never a different answer. */

import { badParameter } from './errors.ts';

/** Of a stream; not a parameter of ours. */
const common: ReadonlySet<string> = new Set(['watch', 'timeout', 'timeoutSeconds']);

/** Throws WEFT-API-04 where there is another parameter than these. */
export function onlyParameters(query: URLSearchParams, names: readonly string[]): void {
  for (const name of query.keys()) {
    if (common.has(name) || names.includes(name)) continue;
    throw badParameter(name, `There is no such parameter; there are: ${names.join(', ') || 'none'}.`);
  }
}

/** `90s`, `5m`, `1h`, `500ms`; undefined where it is absent. Throws WEFT-API-04. */
export function duration(
  query: URLSearchParams,
  name: string,
  bounds: { readonly leastMs: number; readonly mostMs: number },
): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) {
    throw badParameter(name, `${JSON.stringify(text)} is not a duration such as 30s, 5m or 1h.`);
  }
  const lengthMs = Number(digits) * ({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit] ?? 0);
  if (lengthMs < bounds.leastMs || lengthMs > bounds.mostMs) {
    throw badParameter(
      name,
      `${text} is not between ${bounds.leastMs / 1000} and ${bounds.mostMs / 1000} seconds.`,
    );
  }
  return lengthMs;
}

/** Throws WEFT-API-04 where it is none of these. */
export function choice<const T extends string>(
  query: URLSearchParams,
  name: string,
  possible: readonly T[],
): T | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const found = possible.find((one) => one === text);
  if (found === undefined)
    throw badParameter(name, `${JSON.stringify(text)} is none of ${possible.join(', ')}.`);
  return found;
}

/** A comma-separated list of these, each at most once. Throws WEFT-API-04. */
export function choices<const T extends string>(
  query: URLSearchParams,
  name: string,
  possible: readonly T[],
): readonly T[] {
  const words = (query.get(name) ?? '').split(',').filter((word) => word !== '');
  const found = words.map((word) => {
    const one = possible.find((candidate) => candidate === word);
    if (one === undefined) {
      throw badParameter(name, `${JSON.stringify(word)} is none of ${possible.join(', ')}.`);
    }
    return one;
  });
  return [...new Set(found)];
}

/** Text that matches the pattern; undefined where it is absent or empty. Throws WEFT-API-04. */
export function text(
  query: URLSearchParams,
  name: string,
  pattern: RegExp,
  example: string,
): string | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!pattern.test(value)) throw badParameter(name, `${JSON.stringify(value)} is not like ${example}.`);
  return value;
}
