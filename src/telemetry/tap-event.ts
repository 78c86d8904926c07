/** Makes what people see out of an entry of a proxy's log: who, to whom, what, how it ended. */

import { formatIdentity } from '../base/spiffe.ts';
import { serviceOfCluster, type Side } from '../base/signals.ts';
import { tapSeparator, tapTagFormats } from '../base/tap.ts';
import type { MeshPod } from '../mesh/model.ts';
import { type Ends, unknownEnd, workloadEnd } from './ends.ts';
import type { TapEvent, TrafficEnd } from './model.ts';
import type { LogEntry } from './tap-entry.ts';
import { flagsInWords } from './tap-flags.ts';

/** Who logged the entry: proven by its connection. */
export interface TapReporter {
  /** `namespace/pod` */
  readonly pod: string;
  readonly identity: string;
  readonly side: Side;
}

/** What is looked up to name the ends. */
export interface TapNames {
  readonly ends: Ends;
  /** @param key `namespace/pod` */
  pod(key: string): MeshPod | undefined;
  /** The pod that has this IP address. */
  podAt(address: string): MeshPod | undefined;
  /** Key of the ServicePort that has this address and port. */
  serviceAt(address: string): string | undefined;
  readonly trustDomain: () => string;
}

const methods = ['', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];
const versions = ['', 'http/1.0', 'http/1.1', 'http2', 'http3'];

/** AccessLogType of a connection that was established; what is shown of it comes with its end. */
export const tcpConnected = 1;

export function tapEvent(entry: LogEntry, reporter: TapReporter, names: TapNames): TapEvent {
  const { side, identity } = reporter;
  const tag = readTag(entry.tag, side);
  const own = names.pod(reporter.pod);
  const ownEnd = own === undefined ? unknownEnd : endOfPod(own);
  const peer =
    side === 'client'
      ? peerOf(names, tag.subject, tag.uri, entry.upstreamAddress, 'external')
      : peerOf(names, entry.peerSubject, entry.peerUri, entry.downstreamAddress, 'unknown');
  const isGrpc = entry.kind === 'http' && tag.grpcStatus !== '';
  return {
    at: new Date(entry.startMs).toISOString(),
    pod: reporter.pod,
    side,
    source: side === 'client' ? ownEnd : peer.end,
    destination: side === 'client' ? peer.end : ownEnd,
    // Ours is the identity of the connection that brings the entry, but without mutual TLS it was shown to nobody.
    sourceIdentity: side === 'client' ? (peer.identity === '' ? '' : identity) : peer.identity,
    destinationIdentity: side === 'client' ? peer.identity : peer.identity === '' ? '' : identity,
    service: serviceOf(entry, side, names),
    route: entry.route,
    protocol: entry.kind === 'tcp' ? 'tcp' : isGrpc ? 'grpc' : (versions[entry.version] ?? ''),
    method: entry.kind === 'tcp' ? '' : (methods[entry.method] ?? ''),
    authority: entry.authority,
    path: entry.path,
    status: entry.status,
    ...(isGrpc ? { grpcStatus: Number(tag.grpcStatus) } : {}),
    flags: flagsInWords(entry.flags),
    requestId: entry.requestId,
    traceId: /^00-([0-9a-f]{32})-/.exec(tag.traceparent)?.[1] ?? '',
    attempts: entry.attempts,
    bytesReceived: entry.bytesReceived,
    bytesSent: entry.bytesSent,
    durationMs: entry.durationMs,
    ...(entry.firstUpstreamMs === undefined ? {} : { upstreamMs: entry.firstUpstreamMs }),
  };
}

/** What was called; a route may have sent it to another. */
function serviceOf({ localAddress, upstreamCluster }: LogEntry, side: Side, names: TapNames): string {
  if (side === 'server') return '';
  const called = names.serviceAt(localAddress);
  if (called !== undefined) return called;
  return upstreamCluster.startsWith('svc/') ? serviceOfCluster(upstreamCluster) : '';
}

interface Tag {
  readonly grpcStatus: string;
  readonly traceparent: string;
  readonly uri: string;
  readonly subject: string;
}

function readTag(text: string, side: Side): Tag {
  const parts = text.split(tapSeparator);
  const [grpcStatus = '', traceparent = '', uri = ''] = parts;
  const last = tapTagFormats[side].length - 1;
  const subject = side === 'client' ? parts.slice(last).join(tapSeparator) : '';
  return { grpcStatus: /^\d+$/.test(grpcStatus) ? grpcStatus : '', traceparent, uri, subject };
}

interface Peer {
  readonly end: TrafficEnd;
  readonly identity: string;
}

/** By its certificate; without one by the address, which proves nothing but mostly tells. */
function peerOf(
  names: TapNames,
  subject: string,
  uri: string,
  address: string,
  otherwise: 'external' | 'unknown',
): Peer {
  const identity = uri.startsWith('spiffe://') ? uri : '';
  const named = names.ends.peer(subject);
  if (named !== undefined && named.end.kind !== 'unknown') return { end: named.end, identity };
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const pod = host === '' ? undefined : names.podAt(host);
  if (pod !== undefined) {
    const expected = formatIdentity({ ...pod, trustDomain: names.trustDomain() });
    // Whoever proves another identity than that pod's is not it.
    if (identity === '' || identity === expected) return { end: endOfPod(pod), identity };
  }
  if (identity !== '' || host === '' || otherwise === 'unknown') return { end: unknownEnd, identity };
  return { end: { kind: 'external', namespace: '', name: address, version: '' }, identity };
}

export function endOfPod(pod: MeshPod): TrafficEnd {
  return workloadEnd(pod.namespace, pod.workload.slice(pod.namespace.length + 1), pod.version) ?? unknownEnd;
}
