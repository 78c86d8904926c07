/**
 * Sends one OTLP export to a collector, over HTTP with protobuf or over gRPC without TLS, and says what became of it.
 * Source: OTLP 1.x specification: which failures may be tried again, and what a partial success is.
 */

import { connect, type IncomingHttpHeaders } from 'node:http2';
import { describeError } from '../base/errors.ts';
import { metricsMethod } from './intake.ts';
import { MalformedMessage, ProtobufReader } from './protobuf.ts';

export interface Collector {
  readonly protocol: 'GRPC' | 'HTTP';
  readonly host: string;
  readonly port: number;
}

export type ExportResult =
  | { readonly kind: 'taken' }
  /** It took the rest. */
  | { readonly kind: 'partly refused'; readonly points: number; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }
  /** @param afterMs what the collector asks for */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs?: number };

const timeoutMs = 10_000;
/** An answer has a sentence at most. */
const maxAnswerBytes = 64 * 1024;
const retryableStatuses = new Set([429, 502, 503, 504]);
/** CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS. */
const retryableCodes = new Set(['1', '4', '8', '10', '11', '14', '15']);

/** Never rejects. */
export async function sendExport(
  collector: Collector,
  body: Buffer,
  signal: AbortSignal,
): Promise<ExportResult> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    return await (collector.protocol === 'HTTP'
      ? sendHttp(collector, body, limited)
      : sendGrpc(collector, body, limited));
  } catch (error) {
    const cause =
      error instanceof Error && error.cause !== undefined ? `: ${describeError(error.cause)}` : '';
    return { kind: 'later', why: describeError(error) + cause };
  }
}

function authorityOf({ host, port }: Collector): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function sendHttp(collector: Collector, body: Buffer, signal: AbortSignal): Promise<ExportResult> {
  const response = await fetch(`http://${authorityOf(collector)}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(body),
    redirect: 'error',
    signal,
  });
  const answer = await bounded(response.body);
  if (response.ok) return resultOf(answer);
  const why = `it answered ${response.status}`;
  if (!retryableStatuses.has(response.status)) return { kind: 'refused', why };
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return { kind: 'later', why, ...(seconds >= 0 ? { afterMs: seconds * 1_000 } : {}) };
}

async function bounded(stream: AsyncIterable<Uint8Array> | null): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream ?? []) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error('its answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function sendGrpc(collector: Collector, body: Buffer, signal: AbortSignal): Promise<ExportResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ExportResult>();
  const session = connect(`http://${authorityOf(collector)}`);
  const abort = (): void => {
    reject(signal.reason);
    session.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  session.on('error', reject);
  session.once('close', () => reject(new Error('it closed the connection')));
  const stream = session.request({
    ':method': 'POST',
    ':path': metricsMethod,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const fields: Record<string, string> = {};
  const take = (more: IncomingHttpHeaders): void => {
    for (const [name, value] of Object.entries(more)) fields[name] = String(value);
  };
  stream.on('response', take);
  stream.on('trailers', take);
  stream.on('error', reject);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([prefix, body]));
  bounded(stream).then((answer) => {
    const code = fields['grpc-status'] ?? `none, HTTP ${fields[':status']}`;
    const why = `its gRPC status is ${code} ${decode(fields['grpc-message'] ?? '')}`.trimEnd();
    if (code === '0') resolve(resultOf(answer.subarray(5)));
    else resolve({ kind: retryableCodes.has(code) ? 'later' : 'refused', why });
  }, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    session.destroy();
  }
}

/** Reads ExportMetricsServiceResponse. */
function resultOf(answer: Buffer): ExportResult {
  const reader = new ProtobufReader(answer);
  let points = 0;
  let why = '';
  try {
    while (reader.more) {
      const tag = reader.tag();
      if (tag !== 1 * 8 + 2) {
        reader.skip(tag);
        continue;
      }
      reader.end = reader.contentEnd();
      while (reader.more) {
        const inner = reader.tag();
        if (inner === 1 * 8) points = reader.varint();
        else if (inner === 2 * 8 + 2) why = reader.string();
        else reader.skip(inner);
      }
      reader.end = answer.length;
    }
  } catch (error) {
    if (error instanceof MalformedMessage) return { kind: 'taken' };
    throw error;
  }
  return points > 0 ? { kind: 'partly refused', points, why: why.slice(0, 300) } : { kind: 'taken' };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, 300);
  } catch {
    return text.slice(0, 300);
  }
}
