/**
 * Which format strings of access logs people may write: commands of Envoy that mean something in the proxies of the mesh.
 * Envoy refuses a whole listener where it does not know a command, so a format is judged before any proxy sees it.
 * Source: Envoy's "Access logging" of v1.40, command operators.
 */

/** Without an argument. */
const plainCommands: ReadonlySet<string> = new Set([
  'BYTES_RECEIVED',
  'BYTES_SENT',
  'CONNECTION_ID',
  'CONNECTION_TERMINATION_DETAILS',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_LOCAL_ADDRESS',
  'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_LOCAL_PORT',
  'DOWNSTREAM_PEER_SUBJECT',
  'DOWNSTREAM_PEER_URI_SAN',
  'DOWNSTREAM_REMOTE_ADDRESS',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_REMOTE_PORT',
  'DOWNSTREAM_TLS_CIPHER',
  'DOWNSTREAM_TLS_VERSION',
  'DOWNSTREAM_TRANSPORT_FAILURE_REASON',
  'DURATION',
  'GRPC_STATUS',
  'GRPC_STATUS_NUMBER',
  'HOSTNAME',
  'PROTOCOL',
  'REQUESTED_SERVER_NAME',
  'REQUEST_DURATION',
  'REQUEST_HEADERS_BYTES',
  'RESPONSE_CODE',
  'RESPONSE_CODE_DETAILS',
  'RESPONSE_DURATION',
  'RESPONSE_FLAGS',
  'RESPONSE_FLAGS_LONG',
  'RESPONSE_HEADERS_BYTES',
  'RESPONSE_TX_DURATION',
  'ROUTE_NAME',
  'SPAN_ID',
  'START_TIME',
  'STREAM_ID',
  'TRACE_ID',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_HOST',
  'UPSTREAM_LOCAL_ADDRESS',
  'UPSTREAM_PEER_SUBJECT',
  'UPSTREAM_PEER_URI_SAN',
  'UPSTREAM_PROTOCOL',
  'UPSTREAM_REMOTE_ADDRESS',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'UPSTREAM_TRANSPORT_FAILURE_REASON',
  'UPSTREAM_WIRE_BYTES_RECEIVED',
  'UPSTREAM_WIRE_BYTES_SENT',
]);

/** Of a header: its name, and behind a question mark another one to be taken where the first is missing. */
const headerCommands: ReadonlySet<string> = new Set(['REQ', 'RESP', 'TRAILER']);

const headerArgument = /^:?[A-Za-z0-9_-]{1,128}(\?:?[A-Za-z0-9_-]{1,128})?$/;
/** Letters of strftime and of Envoy's fractions of a second, which are three, six or nine digits. */
const timeArgument = /^(%[369]f|%[aAbBcCdDeFgGhHIjmMnpPrRsSTuUVwWxXyYzZ]|[A-Za-z0-9 :.,/_+-])*$/;

const command = /%%|%([A-Z0-9_]+)(?:\(((?:%[A-Za-z0-9]|[^()%])*(?:%f|%[369]f)?)\))?(?::([0-9]{1,5}))?%/g;

/** Why Envoy could not use the format; undefined where it can. */
export function formatProblem(format: string): string | undefined {
  let problem: string | undefined;
  const rest = format.replace(command, (whole, name?: string, argument?: string, length?: string) => {
    if (name !== undefined) problem ??= commandProblem(whole, name, argument, length);
    return '';
  });
  if (problem !== undefined) return problem;
  if (rest.includes('%')) return 'a percent sign begins no command; write %% for one that is meant';
  return /[\0\r\n]/.test(format) ? 'a line cannot contain line breaks' : undefined;
}

function commandProblem(
  whole: string,
  name: string,
  argument: string | undefined,
  length: string | undefined,
): string | undefined {
  if (headerCommands.has(name)) {
    if (argument !== undefined && headerArgument.test(argument)) return undefined;
    return `${whole} needs the name of a header, as in %${name}(X-TENANT)%`;
  }
  if (!plainCommands.has(name)) return `there is no command ${whole}`;
  if (length !== undefined) return `%${name}% takes no length`;
  if (argument === undefined) return undefined;
  if (name === 'START_TIME') {
    return timeArgument.test(argument) ? undefined : `${whole} has an odd format of time`;
  }
  return `%${name}% takes no argument`;
}
