/**
 * Coded errors. Each room lists its own in `errors.ts` with `defineErrors`; the same code appears in
 * admission responses, conditions, Events, CLI output and logs, and has a page `docs/errors/<code>.md`.
 */

export interface ErrorKind {
  /** What is wrong, one sentence for people. */
  readonly title: string;
  /** What to do about it. */
  readonly remedy: string;
}

const kinds = new Map<string, ErrorKind>();

/** Registers a room's errors; codes are `WEFT-<AREA>-<nn>` and never reused. */
export function defineErrors<const T extends Record<`WEFT-${string}-${number}`, ErrorKind>>(room: T): T {
  for (const [code, kind] of Object.entries(room)) {
    if (kinds.has(code)) throw new Error(`error code ${code} is defined twice`);
    kinds.set(code, kind);
  }
  return room;
}

export function errorCatalogue(): ReadonlyMap<string, ErrorKind> {
  return kinds;
}

/** An error a person can act on. `field` is a JSON path such as `spec.rules[0].backendRefs[1].name`. */
export class WeftError extends Error {
  readonly code: string;
  readonly field: string | undefined;
  readonly remedy: string;

  constructor(code: string, detail: string, options: { field?: string; cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WeftError';
    this.code = code;
    this.field = options.field;
    this.remedy = kinds.get(code)?.remedy ?? '';
  }

  /** `WEFT-POD-01: spec.hostNetwork: ... Remedy.`: the one form people see everywhere. */
  describe(): string {
    const where = this.field === undefined ? '' : `${this.field}: `;
    return `${this.code}: ${where}${this.message}${this.remedy === '' ? '' : ` ${this.remedy}`}`;
  }
}

/** The text of anything thrown, with its code where it has one. */
export function describeError(error: unknown): string {
  if (error instanceof WeftError) return error.describe();
  return error instanceof Error ? error.message : String(error);
}
