/** Numbers that look like chance and are the same in every run. */

export interface Chance {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number below `limit`. */
  below(limit: number): number;
}

/** A linear congruential generator (Numerical Recipes): even enough for sample data. */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  return { next, below: (limit) => Math.floor(next() * limit) };
}
