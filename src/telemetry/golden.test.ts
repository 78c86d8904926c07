/** The golden metrics of the mesh: as text for Prometheus, and as OTLP to collectors that behave and that do not. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { silent } from '../base/log.ts';
import { MovableClock } from '../base/movable-clock.ts';
import { durationBoundsMs } from '../base/signals.ts';
import { columnCount, columns } from './counts.ts';
import { unknownEnd, workloadEnd } from './ends.ts';
import { expose } from './exposition.ts';
import { collectorOf, exportGolden } from './golden-exporter.ts';
import { GoldenMetrics } from './golden-metrics.ts';
import { type Collector, sendExport } from './otlp-client.ts';
import { encodeGolden } from './otlp-golden.ts';
import { readMetrics, temporalities } from './otlp-metrics.ts';
import type { TrafficSeries } from './model.ts';
import { message } from './protobuf-writer.ts';

const never = new AbortController().signal;
const startMs = Date.UTC(2026, 8, 1, 12);

function end(name: string, version = 'v1') {
  const found = workloadEnd('shop', `Deployment/${name}`, version);
  assert.ok(found);
  return found;
}

function series(source: string, destination: string, more: Partial<TrafficSeries> = {}): TrafficSeries {
  return {
    side: 'client',
    source: end(source),
    destination: end(destination),
    service: `shop/${destination}:80`,
    route: '',
    protocol: 'http',
    mtls: true,
    ...more,
  };
}

function counted(values: Readonly<Record<number, number>>): Float64Array {
  const all = new Float64Array(columnCount);
  for (const [column, value] of Object.entries(values)) all[Number(column)] = value;
  return all;
}

function some(clock = new MovableClock(startMs)): GoldenMetrics {
  const golden = new GoldenMetrics(clock);
  const values = counted({
    [columns.requests + 2]: 9,
    [columns.requests + 5]: 1,
    [columns.failures]: 1,
    [columns.durations + 2]: 4,
    [columns.durations + 21]: 6,
    [columns.durationSum]: 2_500_000,
  });
  golden.add(series('web', 'api'), values, 0);
  golden.add(series('web', 'api', { route: 'shop/a', destination: end('api', 'v2') }), values, 0);
  return golden;
}

describe('the exposition', () => {
  test('has requests by pair and class, and durations by destination, whatever route and version', () => {
    const lines = expose(some(), 'prometheus').split('\n');
    const edge =
      'source_namespace="shop",source_workload="Deployment/web",destination_namespace="shop",destination_workload="Deployment/api",service="shop/api:80",protocol="http",mtls="true"';
    const destination = 'destination_namespace="shop",destination_workload="Deployment/api"';
    for (const expected of [
      '# TYPE weft_mesh_requests_total counter',
      `weft_mesh_requests_total{${edge},response_class="2xx"} 18`,
      `weft_mesh_requests_total{${edge},response_class="5xx"} 2`,
      `weft_mesh_request_failures_total{${edge}} 2`,
      '# TYPE weft_mesh_request_duration_seconds histogram',
      `weft_mesh_request_duration_seconds_bucket{${destination},le="0.0005"} 0`,
      `weft_mesh_request_duration_seconds_bucket{${destination},le="0.001"} 0`,
      `weft_mesh_request_duration_seconds_bucket{${destination},le="0.002"} 8`,
      `weft_mesh_request_duration_seconds_bucket{${destination},le="30.0"} 8`,
      `weft_mesh_request_duration_seconds_bucket{${destination},le="+Inf"} 20`,
      `weft_mesh_request_duration_seconds_sum{${destination}} 5`,
      `weft_mesh_request_duration_seconds_count{${destination}} 20`,
    ]) {
      assert.ok(lines.includes(expected), expected);
    }
    assert.equal(lines.filter((line) => line.includes('_bucket')).length, durationBoundsMs.length + 1);
  });

  test('ties buckets to traces where OpenMetrics is asked for', () => {
    const exemplars = {
      newest: (destination: string, bucket: number) =>
        destination === 'shop/Deployment/api' && bucket === 2
          ? { traceId: '0af7651916cd43dd8448eb211c80319c', durationMs: 1.5, atMs: startMs }
          : undefined,
    };
    const text = expose(some(), 'openmetrics', exemplars);
    assert.match(
      text,
      /le="0.002"\} 8 # \{trace_id="0af7651916cd43dd8448eb211c80319c"\} 0.0015 1788264000\n/,
    );
    assert.match(text, /# TYPE weft_mesh_requests counter\n/);
    assert.doesNotMatch(expose(some(), 'prometheus', exemplars), /trace_id/);
  });

  test('escapes what would break a label', () => {
    const golden = new GoldenMetrics(new MovableClock());
    const odd = { ...unknownEnd, kind: 'external', name: 'a"b\\c\nd' } as const;
    golden.add(series('web', 'api', { destination: odd }), counted({ [columns.requests + 2]: 1 }), 0);
    assert.match(expose(golden, 'prometheus'), /destination_workload="a\\"b\\\\c\\nd"/);
  });

  test('counts requests once, though both ends tell of them', () => {
    const golden = some();
    golden.add(series('web', 'api', { side: 'server' }), counted({ [columns.requests + 2]: 100 }), 0);
    assert.doesNotMatch(expose(golden, 'prometheus'), / 100\n/);
  });

  test('has a bounded number of series: the rest is counted together', () => {
    const golden = new GoldenMetrics(new MovableClock(), { maxEdges: 50, maxDestinations: 10 });
    const values = counted({ [columns.requests + 2]: 1, [columns.durations]: 1 });
    for (let index = 0; index < 1_000; index++) golden.add(series('web', `api-${index}`), values, 0);
    const lines = expose(golden, 'prometheus').split('\n');
    const requests = lines.filter((line) => line.startsWith('weft_mesh_requests_total{'));
    assert.equal(requests.length, 51);
    assert.ok(requests.some((line) => line.includes('"(other)"') && line.endsWith(' 950')));
    assert.equal(lines.filter((line) => line.includes('_seconds_count')).length, 11);
  });

  test('loses what has counted nothing for an hour, and nothing because the clock was set', () => {
    const clock = new MovableClock();
    const golden = some(clock);
    for (const byMs of [7_200_000, -14_400_000]) {
      clock.jump(byMs);
      golden.forget();
    }
    clock.advance(3_600_000);
    golden.forget();
    assert.match(expose(golden, 'prometheus'), /Deployment\/api/);
    clock.advance(20_000);
    golden.forget();
    assert.doesNotMatch(expose(golden, 'prometheus'), /Deployment\/api/);
  });
});

describe('the export', () => {
  const servers: (Server | Http2Server)[] = [];
  after(() => {
    for (const server of servers) server.close();
  });

  async function listening(server: Server | Http2Server): Promise<number> {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  interface HttpAnswer {
    readonly status: number;
    readonly body?: Buffer;
    readonly headers?: Readonly<Record<string, string>>;
  }

  /** Answers one request after the other. */
  async function httpCollector(...answers: readonly HttpAnswer[]) {
    const received: { readonly url: string; readonly type: string; readonly body: Buffer }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { status, body, headers } = answers[Math.min(received.length, answers.length - 1)] ?? {
          status: 200,
        };
        received.push({
          url: request.url ?? '',
          type: request.headers['content-type'] ?? '',
          body: Buffer.concat(chunks),
        });
        response.writeHead(status, { connection: 'close', ...headers }).end(body);
      });
    });
    const port = await listening(server);
    return { collector: { protocol: 'HTTP', host: '127.0.0.1', port } satisfies Collector, received };
  }

  async function grpcCollector(status: string, body = Buffer.alloc(5)) {
    const received: Buffer[] = [];
    const server = createHttp2Server();
    server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        assert.equal(headers[':path'], '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export');
        received.push(Buffer.concat(chunks));
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () =>
          stream.sendTrailers({ 'grpc-status': status, 'grpc-message': 'so%20it%20is' }),
        );
        stream.end(body);
      });
    });
    const port = await listening(server);
    return { collector: { protocol: 'GRPC', host: '127.0.0.1', port } satisfies Collector, received };
  }

  const body = encodeGolden(some(), 'weft-0', startMs);

  test('goes over HTTP to /v1/metrics as protobuf', async () => {
    const { collector, received } = await httpCollector({ status: 200 });
    assert.deepEqual(await sendExport(collector, body, never), { kind: 'taken' });
    assert.deepEqual(
      received.map(({ url, type }) => [url, type]),
      [['/v1/metrics', 'application/x-protobuf']],
    );
    assert.ok(received[0]?.body.equals(body));
  });

  test('goes over gRPC with its prefix', async () => {
    const { collector, received } = await grpcCollector('0');
    assert.deepEqual(await sendExport(collector, body, never), { kind: 'taken' });
    assert.equal(received[0]?.readUInt32BE(1), body.length);
    assert.ok(received[0]?.subarray(5).equals(body));
  });

  const partial = message({
    number: 1,
    bytes: message({ number: 1, varint: 3 }, { number: 2, text: 'too old' }),
  });

  for (const [what, answer, result] of [
    ['refused for good', { status: 400 }, { kind: 'refused', why: 'it answered 400' }],
    ['wanted later', { status: 503 }, { kind: 'later', why: 'it answered 503' }],
    [
      'wanted at a time',
      { status: 429, headers: { 'retry-after': '7' } },
      { kind: 'later', why: 'it answered 429', afterMs: 7_000 },
    ],
    ['partly refused', { status: 200, body: partial }, { kind: 'partly refused', points: 3, why: 'too old' }],
  ] as const) {
    test(`is told over HTTP that it is ${what}`, async () => {
      const { collector } = await httpCollector(answer);
      assert.deepEqual(await sendExport(collector, body, never), result);
    });
  }

  for (const [code, kind] of [
    ['14', 'later'],
    ['8', 'later'],
    ['3', 'refused'],
    ['12', 'refused'],
  ] as const) {
    test(`with gRPC status ${code} is ${kind}`, async () => {
      const { collector } = await grpcCollector(code);
      assert.deepEqual(await sendExport(collector, body, never), {
        kind,
        why: `its gRPC status is ${code} so it is`,
      });
    });
  }

  test('is partly refused over gRPC', async () => {
    const { collector } = await grpcCollector(
      '0',
      Buffer.concat([Buffer.from([0, 0, 0, 0, partial.length]), partial]),
    );
    assert.deepEqual(await sendExport(collector, body, never), {
      kind: 'partly refused',
      points: 3,
      why: 'too old',
    });
  });

  for (const protocol of ['HTTP', 'GRPC'] as const) {
    test(`over ${protocol} to nobody is for later`, async () => {
      const { collector } = await httpCollector({ status: 200 });
      const gone = servers.pop();
      await new Promise((resolve) => gone?.close(resolve));
      assert.equal((await sendExport({ ...collector, protocol }, body, never)).kind, 'later');
    });

    test(`over ${protocol} ends when it is to end`, async () => {
      const silentServer = createServer(() => undefined);
      const port = await listening(silentServer);
      const stop = new AbortController();
      const sending = sendExport({ protocol, host: '127.0.0.1', port }, body, stop.signal);
      stop.abort(new Error('enough'));
      assert.equal((await sending).kind, 'later');
      silentServer.closeAllConnections();
    });
  }

  test('is repeated: at once after a while where it failed, and later where it was taken', async () => {
    const { collector, received } = await httpCollector(
      { status: 503, headers: { 'retry-after': '9' } },
      { status: 200 },
    );
    const clock = new MovableClock();
    const stop = new AbortController();
    let wanted: Collector | undefined;
    const running = exportGolden(
      { golden: some(), collector: () => wanted, replica: 'weft-0', clock, log: silent },
      stop.signal,
    );
    await clock.timersSet(1);
    assert.equal(clock.untilNext(), 30_000, 'nobody is to be told');
    wanted = collector;
    clock.advance(30_000);
    await clock.timersSet(1);
    assert.equal(received.length, 1);
    assert.equal(clock.untilNext(), 9_000, 'as the collector asks');
    clock.advance(9_000);
    await clock.timersSet(1);
    assert.equal(received.length, 2);
    assert.equal(clock.untilNext(), 30_000);
    stop.abort();
    await running;
  });

  test('goes to the provider of the MeshConfig: a Service by its name, or an address', () => {
    const at = { name: 'otel', protocol: 'HTTP' } as const;
    assert.deepEqual(collectorOf({ ...at, target: { kind: 'service', servicePort: 'obs/otel:4318' } }), {
      protocol: 'HTTP',
      host: 'otel.obs.svc',
      port: 4318,
    });
    const target = { kind: 'host', host: 'fd00::1', port: 4318 } as const;
    assert.deepEqual(collectorOf({ ...at, target }), { protocol: 'HTTP', host: 'fd00::1', port: 4318 });
    assert.equal(collectorOf(undefined), undefined);
  });

  test('has what Prometheus has, as sums since the start', () => {
    const read: unknown[] = [];
    readMetrics(body, ({ metric, kind, temporality, monotonic, value, count, sum, timeMs }) => {
      assert.equal(temporality, temporalities.cumulative);
      assert.equal(timeMs, startMs);
      read.push(kind === 'sum' ? [metric, monotonic, value] : [metric, count, sum]);
    });
    assert.deepEqual(read, [
      ['weft.mesh.requests', true, 18],
      ['weft.mesh.requests', true, 2],
      ['weft.mesh.request.failures', true, 2],
      ['weft.mesh.request.duration', 20, 5],
    ]);
    assert.ok(body.includes('weft-0'), 'which replica counted it');
  });
});
