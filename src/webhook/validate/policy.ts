/** The form of every rule file here: a list of checks, each of which may find something wrong or worth a warning. */

import { WeftError } from '../../base/errors.ts';
import './errors.ts';

export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly field?: string;
}

export interface Change<Kind> {
  /** Undefined when the object is being deleted. */
  readonly object: Kind | undefined;
  /** Undefined when the object is being created. */
  readonly old: Kind | undefined;
}

export interface Check<Kind> {
  /** `refuse`: the change is not admitted. `warn`: it is, and whoever made it is told. */
  readonly outcome: 'refuse' | 'warn';
  find(change: Change<Kind>): readonly Finding[];
}

export interface Findings {
  /** The first reason to refuse; everything after it may only follow from it. */
  readonly refusal?: WeftError;
  readonly warnings: readonly WeftError[];
}

export function runChecks<Kind>(checks: readonly Check<Kind>[], change: Change<Kind>): Findings {
  const warnings: WeftError[] = [];
  for (const check of checks) {
    const errors = check.find(change).map(toError);
    if (check.outcome === 'warn') warnings.push(...errors);
    else if (errors[0] !== undefined) return { refusal: errors[0], warnings };
  }
  return { warnings };
}

function toError({ code, message, field }: Finding): WeftError {
  return new WeftError(code, message, field === undefined ? {} : { field });
}
