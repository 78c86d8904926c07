/**
 * Reads the OTLP messages that proxies send (opentelemetry-proto 1.x, ExportTraceServiceRequest and
 * ExportLogsServiceRequest), as far as tests look at them. Written against the protocol, not with Weft's own reader,
 * so that one mistake cannot hide in both.
 */

export interface SeenSpan {
  /** Lower-case hex. */
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'unspecified';
  readonly attributes: Readonly<Record<string, string>>;
  /** Of whom the span is. */
  readonly resource: Readonly<Record<string, string>>;
}

export interface SeenLog {
  readonly traceId: string;
  readonly spanId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
}

interface Field {
  readonly number: number;
  /** Absent for fields that are numbers. */
  readonly bytes?: Buffer;
  readonly value?: bigint;
}

function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('the message ends within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    const wireType = tag & 7;
    if (wireType === 0) yield { number, value: varint() };
    else if (wireType === 1) yield { number, value: message.readBigUInt64LE((at += 8) - 8) };
    else if (wireType === 5) yield { number, value: BigInt(message.readUInt32LE((at += 4) - 4)) };
    else if (wireType === 2) {
      const length = Number(varint());
      yield { number, bytes: message.subarray(at, (at += length)) };
    } else throw new Error(`no such wire type: ${wireType}`);
  }
}

function messages(of: Buffer, number: number): Buffer[] {
  return [...fieldsOf(of)].flatMap((field) => (field.number === number && field.bytes ? [field.bytes] : []));
}

function text(of: Buffer, number: number, encoding: BufferEncoding = 'utf8'): string {
  return messages(of, number).at(-1)?.toString(encoding) ?? '';
}

function number(of: Buffer, wanted: number): number {
  for (const field of fieldsOf(of)) if (field.number === wanted) return Number(field.value ?? 0n);
  return 0;
}

/** AnyValue; lists and maps are not told apart from text, since no test needs them. */
function anyValue(message: Buffer): string {
  for (const { number: kind, bytes, value = 0n } of fieldsOf(message)) {
    if (kind === 1) return bytes?.toString('utf8') ?? '';
    if (kind === 2) return value === 1n ? 'true' : 'false';
    if (kind === 3) return String(BigInt.asIntN(64, value));
    if (bytes !== undefined) return JSON.stringify(attributes(bytes, 1));
  }
  return '';
}

function attributes(of: Buffer, field: number): Record<string, string> {
  return Object.fromEntries(
    messages(of, field).map((pair) => [text(pair, 1), anyValue(messages(pair, 2)[0] ?? Buffer.alloc(0))]),
  );
}

const kinds = ['unspecified', 'internal', 'server', 'client'] as const;

export function readSpans(request: Buffer): SeenSpan[] {
  return messages(request, 1).flatMap((resourceSpans) => {
    const resource = attributes(messages(resourceSpans, 1)[0] ?? Buffer.alloc(0), 1);
    return messages(resourceSpans, 2).flatMap((scope) =>
      messages(scope, 2).map((span) => ({
        traceId: text(span, 1, 'hex'),
        spanId: text(span, 2, 'hex'),
        parentId: text(span, 4, 'hex'),
        name: text(span, 5),
        kind: kinds[number(span, 6)] ?? 'unspecified',
        attributes: attributes(span, 9),
        resource,
      })),
    );
  });
}

export function readLogs(request: Buffer): SeenLog[] {
  return messages(request, 1).flatMap((resourceLogs) => {
    const resource = attributes(messages(resourceLogs, 1)[0] ?? Buffer.alloc(0), 1);
    return messages(resourceLogs, 2).flatMap((scope) =>
      messages(scope, 2).map((record) => ({
        traceId: text(record, 9, 'hex'),
        spanId: text(record, 10, 'hex'),
        body: anyValue(messages(record, 5)[0] ?? Buffer.alloc(0)),
        attributes: attributes(record, 6),
        resource,
      })),
    );
  });
}
