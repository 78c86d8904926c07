/** What is wrong with a rule of a route. */

/** Reasons of the condition Accepted, Gateway API. */
export type ProblemReason = 'UnsupportedValue' | 'IncompatibleFilters';

/** Thrown by the readers of rules; caught where the route is read, which the rule is then left out of. */
export class RouteProblem extends Error {
  readonly reason: ProblemReason;

  /** `field` is the path of what is at fault, such as `spec.rules[0].filters[1]`. */
  constructor(field: string, detail: string, reason: ProblemReason = 'UnsupportedValue') {
    super(`${field}: ${detail}`);
    this.name = 'RouteProblem';
    this.reason = reason;
  }
}

/** The value, or RouteProblem where the field is absent although its neighbours need it. */
export function present<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new RouteProblem(field, 'is missing');
  return value;
}
