/** Whether an object in the cluster already says what is wanted, so that nothing needs to be written. */

/**
 * True where every field of `wanted` is in `current` with an equal value. Fields that only `current` has (defaults of
 * the API server, other writers' annotations) do not count; lists must be equal item by item.
 */
export function covers(current: unknown, wanted: unknown): boolean {
  if (Object.is(current, wanted)) return true;
  if (typeof current !== 'object' || typeof wanted !== 'object' || current === null || wanted === null)
    return false;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(current) &&
      current.length === wanted.length &&
      wanted.every((item, index) => covers(current[index], item))
    );
  }
  const have = current as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).every(([name, value]) => value === undefined || covers(have[name], value));
}

/** Of `current` what `wanted` speaks of, as `current` has it: the API server writes some values in its own way. */
export function partOf(current: unknown, wanted: unknown): unknown {
  if (typeof current !== 'object' || typeof wanted !== 'object' || current === null || wanted === null)
    return current;
  if (Array.isArray(wanted)) {
    return Array.isArray(current) ? current.map((item, index) => partOf(item, wanted[index])) : current;
  }
  const have = current as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, partOf(have[name], value)]));
}
