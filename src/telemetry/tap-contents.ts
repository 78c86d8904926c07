/**
 * Headers and bodies of live requests, as the admin interface's `/tap` shows them (envoy.data.tap.v3.TraceWrapper as JSON,
 * one document after the other), and what of them may be shown.
 */

import { isObject } from '../base/json.ts';
import { tapConfigId } from '../base/tap.ts';

/** What is wanted beside the requests themselves. */
export interface ContentSpec {
  /** Also those that authenticate somebody. */
  readonly secrets: boolean;
  readonly bodies: boolean;
  /** Whether headers are shown, or only matched. */
  readonly headers: boolean;
  /** Requests with this header, in lower case, and with this value where there is one. */
  readonly match?: { readonly name: string; readonly value?: string };
}

/** One request as it was tapped. */
export interface TappedContent {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string;
  readonly responseBody: string;
}

/** Of each body; what is longer is cut. */
const mostBodyBytes = 4_096;
/** A request of the largest headers that Envoy takes. A document that is longer is none. */
const mostDocumentBytes = 1024 * 1024;

/** Body of the request to `/tap`. */
export function tapRequest({ bodies }: ContentSpec): string {
  const bytes = bodies ? mostBodyBytes : 0;
  return JSON.stringify({
    config_id: tapConfigId,
    tap_config: {
      match: { any_match: true },
      output_config: {
        max_buffered_rx_bytes: bytes,
        max_buffered_tx_bytes: bytes,
        sinks: [{ format: 'JSON_BODY_AS_STRING', streaming_admin: {} }],
      },
    },
  });
}

/** Documents are indented, so each ends with the first line that is only a brace. */
export async function* readContents(pieces: AsyncIterable<Buffer>): AsyncGenerator<TappedContent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    rest += decoder.decode(piece, { stream: true });
    for (let end = rest.indexOf('\n}\n'); end >= 0; end = rest.indexOf('\n}\n')) {
      const content = contentOf(JSON.parse(rest.slice(0, end + 2)));
      rest = rest.slice(end + 3);
      if (content !== undefined) yield content;
    }
    if (rest.length > mostDocumentBytes) throw new Error('what the proxy shows of one request is too large');
  }
}

function contentOf(trace: unknown): TappedContent | undefined {
  const buffered = isObject(trace) ? trace['http_buffered_trace'] : undefined;
  if (!isObject(buffered)) return undefined;
  const { request, response } = buffered;
  const requestHeaders = headersOf(request);
  return {
    requestId: requestHeaders['x-request-id'] ?? '',
    method: requestHeaders[':method'] ?? '',
    path: requestHeaders[':path'] ?? '',
    requestHeaders,
    responseHeaders: headersOf(response),
    requestBody: bodyOf(request),
    responseBody: bodyOf(response),
  };
}

function headersOf(message: unknown): Record<string, string> {
  const listed = isObject(message) ? message['headers'] : undefined;
  const headers: Record<string, string> = {};
  for (const header of Array.isArray(listed) ? listed : []) {
    if (!isObject(header) || typeof header['key'] !== 'string' || typeof header['value'] !== 'string')
      continue;
    const before = headers[header['key']];
    headers[header['key']] = before === undefined ? header['value'] : `${before}, ${header['value']}`;
  }
  return headers;
}

function bodyOf(message: unknown): string {
  const body = isObject(message) ? message['body'] : undefined;
  if (!isObject(body) || typeof body['as_string'] !== 'string') return '';
  return body['truncated'] === true && body['as_string'] !== '' ? `${body['as_string']}…` : body['as_string'];
}

const secretHeader =
  /^(authorization|proxy-authorization|authentication-info|cookie|set-cookie|set-cookie2|x-api-key|x-forwarded-client-cert)$|token|secret|passw|credential|session|api[-_]?key|signature|csrf|xsrf/;

/** Shown in place of what may not be seen. */
const hidden = '[hidden]';

/** The headers that may be shown; those that HTTP/2 begins with a colon are in the event itself. */
export function visibleHeaders(
  headers: Readonly<Record<string, string>>,
  { secrets }: Pick<ContentSpec, 'secrets'>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !name.startsWith(':'))
      .map(([name, value]) => [name, secrets || !secretHeader.test(name) ? value : hidden]),
  );
}

/** A secret header can be matched only by who may see it, or its value could be guessed. */
export function isSecretHeader(name: string): boolean {
  return secretHeader.test(name);
}
