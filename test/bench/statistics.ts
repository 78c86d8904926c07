/** Quantiles of measured times. */

/**
 * The smallest of the values that at least `share` of them do not exceed (nearest rank); NaN where there are none.
 *
 * @param share between 0 and 1
 */
export function quantile(values: readonly number[], share: number): number {
  const ascending = [...values].sort((a, b) => a - b);
  const rank = Math.ceil(ascending.length * share);
  return ascending[Math.max(0, rank - 1)] ?? Number.NaN;
}
