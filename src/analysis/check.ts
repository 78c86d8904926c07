/**
 * The form of a check. A topic is a file with a list of them, each a pure function of one object and what it may look
 * at; what runs them fills in code, severity and the object.
 */

import type { Input } from './input.ts';
import type { Severity } from './types.ts';

/** One thing found about the object that was looked at. */
export interface Problem {
  /** Where in the object, such as `spec.rules[0].backendRefs[1]`; empty for the whole. */
  readonly path: string;
  /** One sentence about this very object, without a full stop. */
  readonly message: string;
  /** What to write or run instead, as a sentence. */
  readonly fix: string;
}

export interface Check<Subject> {
  /** Of the catalogue in errors.ts. */
  readonly code: `WEFT-ANL-${number}`;
  readonly severity: Severity;
  /** Nothing where all is well, and where it cannot be known. */
  find(subject: Subject, input: Input): readonly Problem[];
}
