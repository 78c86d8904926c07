/** One live request as a line for people. */

import type { TapEvent, TrafficEnd } from '../telemetry/model.ts';
import type { Paint } from './colors.ts';
import { formatBytes, formatLatency } from './traffic.ts';

/**
 *   12:00:01.123 web-1 > GET cart /items?id=1 200 3.2ms to shop/Deployment/cart v2, mTLS, shop/cart:80, route shop/split
 *
 * `>` is a request that the pod sent, `<` one that it received.
 */
export function describeEvent(event: TapEvent, paint: Paint): string {
  const { side, at, pod } = event;
  const direction = side === 'client' ? '>' : '<';
  const words = [
    paint.faint(at.slice(11, 23)),
    pod.slice(pod.indexOf('/') + 1),
    direction,
    event.protocol === 'tcp' ? describeConnection(event) : describeRequest(event, paint),
    describePeer(event),
  ];
  const flags = event.flags.map((flag) => `\n             ${paint.bad(flag)}`);
  return words.filter((word) => word !== '').join(' ') + flags.join('') + describeContent(event, paint);
}

/** What clients and applications write must not steer the terminal of who watches. */
function harmless(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function describeRequest(event: TapEvent, paint: Paint): string {
  const { method, authority, path, durationMs, upstreamMs, attempts, grpcStatus } = event;
  const grpc = grpcStatus === undefined ? [] : [`grpc ${grpcStatus}`];
  const upstream = upstreamMs === undefined ? '' : ` (first byte ${formatLatency(upstreamMs)})`;
  return [
    paint.strong(harmless(method)),
    harmless(authority),
    harmless(path),
    describeStatus(event, paint),
    ...grpc,
    `${formatLatency(durationMs)}${upstream}`,
    ...(attempts > 1 ? [paint.warning(`${attempts} attempts`)] : []),
  ].join(' ');
}

function describeStatus({ status, grpcStatus }: TapEvent, paint: Paint): string {
  const text = status === 0 ? 'no answer' : String(status);
  if (status === 0 || status >= 500 || (grpcStatus ?? 0) > 0) return paint.bad(text);
  return status >= 400 ? paint.warning(text) : paint.good(text);
}

function describeConnection({ durationMs, bytesReceived, bytesSent }: TapEvent): string {
  const bytes = (count: number): string => formatBytes(count).replace('/s', '');
  return `TCP ${formatLatency(durationMs)} ${bytes(bytesReceived)} in ${bytes(bytesSent)} out`;
}

function describePeer({ side, source, destination, sourceIdentity, service, route }: TapEvent): string {
  const peer = side === 'client' ? destination : source;
  const parts = [
    `${side === 'client' ? 'to' : 'from'} ${describeEnd(peer)}`,
    sourceIdentity === '' ? 'plain' : 'mTLS',
    ...(service === '' ? [] : [service]),
    ...(route === '' ? [] : [`route ${route}`]),
  ];
  return parts.join(', ');
}

export function describeEnd({ kind, namespace, name, version }: TrafficEnd): string {
  if (kind === 'unknown') return 'unknown';
  const full = namespace === '' ? name : `${namespace}/${name === '' ? '(hidden)' : name}`;
  return version === '' ? full : `${full} ${version}`;
}

/** Headers and bodies, where they were asked for. */
function describeContent(event: TapEvent, paint: Paint): string {
  const lines = (title: string, headers: TapEvent['requestHeaders'], body: string | undefined): string[] => [
    ...Object.entries(headers ?? {}).map(([name, value]) => harmless(`${title} ${name}: ${value}`)),
    ...(body === undefined || body === ''
      ? []
      : body.split('\n').map((line) => harmless(`${title} | ${line}`))),
  ];
  const content = [
    ...lines('>', event.requestHeaders, event.requestBody),
    ...lines('<', event.responseHeaders, event.responseBody),
  ];
  return content.map((line) => `\n             ${paint.faint(line)}`).join('');
}
