/** What keeps a route from being accepted as a whole. */

/** Reasons of the condition Accepted, Gateway API. */
export type ProblemReason = 'UnsupportedValue' | 'IncompatibleFilters';

/** Thrown by the readers of rules; caught where the route is read. */
export class RouteProblem extends Error {
  readonly reason: ProblemReason;

  /** `field` is the path of what is at fault, such as `spec.rules[0].filters[1]`. */
  constructor(field: string, detail: string, reason: ProblemReason = 'UnsupportedValue') {
    super(`${field}: ${detail}`);
    this.name = 'RouteProblem';
    this.reason = reason;
  }
}
