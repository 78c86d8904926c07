/** Ends of traffic, as options name them. */

import { WeftError } from '../base/errors.ts';
import { type NamedEnd, parseNamedEnd } from '../base/traffic-ends.ts';

/** `namespace` is where what is named without one is. Throws WeftError WEFT-CLI-03. */
export function endOfTraffic(option: string, text: string, namespace: string): NamedEnd {
  const end = parseNamedEnd(text, namespace);
  if (end !== undefined) return end;
  throw new WeftError(
    'WEFT-CLI-03',
    `${JSON.stringify(text)} names nothing; write deploy/NAME, svc/NAME, ns/NAME or NAMESPACE/Deployment/NAME.`,
    { field: option },
  );
}
