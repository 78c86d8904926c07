/**
 * Reads the messages of Envoy's gRPC access log, as far as live requests need them.
 * Source: envoy/service/accesslog/v3/als.proto, envoy/data/accesslog/v3/accesslog.proto
 */

import { tapTag } from '../base/tap.ts';
import { ProtobufReader } from './protobuf.ts';

/** What one message says. */
export interface LogMessage {
  /** Of the node; only the first message of a stream has it. */
  readonly nodeId: string;
  readonly logName: string;
  readonly entries: readonly LogEntry[];
}

/** A request, or a connection of opaque TCP. Times are milliseconds since the request began; what is unknown is empty or 0. */
export interface LogEntry {
  readonly kind: 'http' | 'tcp';
  startMs: number;
  firstUpstreamMs: number | undefined;
  durationMs: number;
  downstreamAddress: string;
  /** What the client had called; behind a redirect, before it. */
  localAddress: string;
  upstreamAddress: string;
  upstreamCluster: string;
  /** The caller's certificate. */
  peerUri: string;
  peerSubject: string;
  route: string;
  /** Field numbers of ResponseFlags that are set. */
  flags: number[];
  attempts: number;
  tag: string;
  /** AccessLogType; a connection is logged when it is established and when it ends. */
  logType: number;
  /** HTTPVersion. */
  version: number;
  /** RequestMethod. */
  method: number;
  authority: string;
  path: string;
  requestId: string;
  status: number;
  /** Why there is this answer, by Envoy's own name. */
  details: string;
  bytesReceived: number;
  bytesSent: number;
}

type Read<T> = (field: number, reader: ProtobufReader, into: T) => boolean;

/** Throws MalformedMessage. */
export function readLogMessage(bytes: Buffer): LogMessage {
  const reader = new ProtobufReader(bytes);
  const message = { nodeId: '', logName: '', entries: [] as LogEntry[] };
  readFields(reader, message, (field, _, into) => {
    if (field === 1) return inside(reader, into, readIdentifier);
    if (field !== 2 && field !== 3) return false;
    const kind = field === 2 ? 'http' : 'tcp';
    return inside(reader, into, (inner) => {
      if (inner !== 1) return false;
      const entry = emptyEntry(kind);
      inside(reader, entry, kind === 'http' ? readHttp : readTcp);
      into.entries.push(entry);
      return true;
    });
  });
  return message;
}

function emptyEntry(kind: LogEntry['kind']): LogEntry {
  return {
    kind,
    startMs: 0,
    firstUpstreamMs: undefined,
    durationMs: 0,
    downstreamAddress: '',
    localAddress: '',
    upstreamAddress: '',
    upstreamCluster: '',
    peerUri: '',
    peerSubject: '',
    route: '',
    flags: [],
    attempts: 0,
    tag: '',
    logType: 0,
    version: 0,
    method: 0,
    authority: '',
    path: '',
    requestId: '',
    status: 0,
    details: '',
    bytesReceived: 0,
    bytesSent: 0,
  };
}

const readIdentifier: Read<{ nodeId: string; logName: string }> = (field, reader, into) => {
  if (field === 2) return set(() => (into.logName = reader.string()));
  if (field !== 1) return false;
  return inside(reader, into, (inner) => inner === 1 && set(() => (into.nodeId = reader.string())));
};

const readHttp: Read<LogEntry> = (field, reader, into) => {
  if (field === 1) return inside(reader, into, readCommon);
  if (field === 2) return set(() => (into.version = reader.varint()));
  if (field === 3) return inside(reader, into, readRequest);
  return field === 4 && inside(reader, into, readResponse);
};

const readTcp: Read<LogEntry> = (field, reader, into) => {
  if (field === 1) return inside(reader, into, readCommon);
  if (field !== 2) return false;
  return inside(reader, into, (inner) => {
    if (inner === 1) return set(() => (into.bytesReceived = reader.varint()));
    return inner === 2 && set(() => (into.bytesSent = reader.varint()));
  });
};

const readCommon: Read<LogEntry> = (field, reader, into) => {
  switch (field) {
    case 2:
      return set(() => (into.downstreamAddress = readAddress(reader)));
    case 3:
      return set(() => (into.localAddress = readAddress(reader)));
    case 4:
      return inside(reader, into, (inner) => inner === 5 && inside(reader, into, readPeer));
    case 5:
      return set(() => (into.startMs = readTime(reader)));
    case 9:
      return set(() => (into.firstUpstreamMs = readTime(reader)));
    case 13:
      return set(() => (into.upstreamAddress = readAddress(reader)));
    case 15:
      return set(() => (into.upstreamCluster = reader.string()));
    case 16:
      return readFlags(reader, into);
    case 19:
      return set(() => (into.route = reader.string()));
    case 22:
      return readTag(reader, into);
    case 23:
      return set(() => (into.durationMs = readTime(reader)));
    case 24:
      return set(() => (into.attempts = reader.varint()));
    case 33:
      return set(() => (into.logType = reader.varint()));
    default:
      return false;
  }
};

const readPeer: Read<LogEntry> = (field, reader, into) => {
  if (field === 2) return set(() => (into.peerSubject = reader.string()));
  if (field !== 1) return false;
  return inside(reader, into, (inner) => inner === 1 && set(() => (into.peerUri ||= reader.string())));
};

const readRequest: Read<LogEntry> = (field, reader, into) => {
  if (field === 1) return set(() => (into.method = reader.varint()));
  if (field === 3) return set(() => (into.authority = reader.string()));
  if (field === 5) return set(() => (into.path = reader.string()));
  if (field === 9) return set(() => (into.requestId = reader.string()));
  return field === 12 && set(() => (into.bytesReceived = reader.varint()));
};

const readResponse: Read<LogEntry> = (field, reader, into) => {
  if (field === 1) {
    return inside(reader, into, (inner) => inner === 1 && set(() => (into.status = reader.varint())));
  }
  if (field === 3) return set(() => (into.bytesSent = reader.varint()));
  return field === 6 && set(() => (into.details = reader.string()));
};

/** Every field of ResponseFlags is one flag; the one that is a message says more, which is in the details as well. */
function readFlags(reader: ProtobufReader, into: LogEntry): boolean {
  return inside(reader, into, (field, _, entry) => {
    entry.flags.push(field);
    return false;
  });
}

function readTag(reader: ProtobufReader, into: LogEntry): boolean {
  const pair = { key: '', value: '' };
  inside(reader, pair, (field) => {
    if (field === 1) return set(() => (pair.key = reader.string()));
    return field === 2 && set(() => (pair.value = reader.string()));
  });
  if (pair.key === tapTag) into.tag = pair.value;
  return true;
}

/** `10.0.0.7:8080` of a core.v3.Address with a socket address; others are empty. */
function readAddress(reader: ProtobufReader): string {
  const found = { address: '', port: 0 };
  inside(reader, found, (field) => {
    if (field !== 1) return false;
    return inside(reader, found, (inner) => {
      if (inner === 2) return set(() => (found.address = reader.string()));
      return inner === 3 && set(() => (found.port = reader.varint()));
    });
  });
  if (found.address === '') return '';
  return found.address.includes(':') ? `[${found.address}]:${found.port}` : `${found.address}:${found.port}`;
}

/** Timestamp or Duration in milliseconds, to the microsecond. */
function readTime(reader: ProtobufReader): number {
  const time = { seconds: 0, nanos: 0 };
  inside(reader, time, (field) => {
    if (field === 1) return set(() => (time.seconds = reader.varint()));
    return field === 2 && set(() => (time.nanos = reader.varint()));
  });
  return time.seconds * 1000 + Math.round(time.nanos / 1000) / 1000;
}

function set(assign: () => unknown): true {
  assign();
  return true;
}

/** Reads the message that a field holds. */
function inside<T>(reader: ProtobufReader, into: T, read: Read<T>): true {
  const contentEnd = reader.contentEnd();
  const { end } = reader;
  reader.end = contentEnd;
  readFields(reader, into, read);
  reader.end = end;
  return true;
}

/** `read` answers whether it has read the field; what it has not is skipped. */
function readFields<T>(reader: ProtobufReader, into: T, read: Read<T>): void {
  while (reader.more) {
    const tag = reader.tag();
    const { at } = reader;
    if (read(tag >>> 3, reader, into)) continue;
    reader.at = at;
    reader.skip(tag);
  }
}
