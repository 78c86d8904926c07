/** What an analysis finds: the same shape in `weft analyze`, Events, the dashboard and warnings at admission. */

/** `error`: something asked for does not happen; `warning`: it works, and will surprise; `info`: could be better. */
export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  /** `WEFT-ANL-<nn>`, of the catalogue, with its page in docs/errors. */
  readonly code: string;
  readonly severity: Severity;
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
  };
  /** Where in the object, such as `spec.rules[0].backendRefs[1]`; empty for the whole. */
  readonly path: string;
  /** One sentence about this very object. */
  readonly message: string;
  /** What to write or run instead. */
  readonly fix: string;
}
