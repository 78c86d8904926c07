/** W3C trace context (https://www.w3.org/TR/trace-context/): made by the load generator, passed on by everyone else. */

import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export type TraceHeaders = Readonly<Record<string, string>>;

/** Headers of a new, sampled trace. */
export function startTrace(): TraceHeaders {
  return { traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01` };
}

/** What a call made on behalf of another carries. A proxy only sees that the two belong together if the caller does this. */
export function passOn(headers: IncomingHttpHeaders): TraceHeaders {
  const passed: Record<string, string> = {};
  for (const name of ['traceparent', 'tracestate']) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}
