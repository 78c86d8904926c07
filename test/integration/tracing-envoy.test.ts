/**
 * Traces and access logs through two real Envoys, a client's and a server's, as the translation configures them, into an
 * OTLP receiver of the test's own.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MeshConfig } from '../../src/base/api.ts';
import { exemplarPattern } from '../../src/base/signals.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { meshConfig } from '../../src/mesh/testing-objects.ts';
import { EnvoyPair, pairIdentities } from '../support/envoy-pair.ts';
import type { SeenSpan } from '../support/otlp-messages.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';

type Telemetry = NonNullable<MeshConfig['spec']['telemetry']>;
type Tracing = NonNullable<Telemetry['tracing']>;

const trace = 'a'.repeat(32);
const parent = 'b'.repeat(16);

describe('traces of two sidecars', () => {
  let receiver: OtlpReceiver;
  let pair: EnvoyPair;

  before(async () => {
    receiver = await OtlpReceiver.start();
  });
  after(() => receiver.close());

  async function withTelemetry(
    telemetry: Telemetry,
    body: () => Promise<void>,
    more: readonly KubeObject[] = [],
  ): Promise<void> {
    receiver.spans.length = 0;
    receiver.logs.length = 0;
    pair = await EnvoyPair.start([meshConfig({ telemetry }), ...more], receiver.grpcPort);
    try {
      await body();
    } finally {
      await pair.stop();
    }
  }

  const providers = (protocol: 'GRPC' | 'HTTP' = 'GRPC') => [
    {
      name: 'collector',
      protocol,
      address: `127.0.0.1:${protocol === 'GRPC' ? receiver.grpcPort : receiver.httpPort}`,
    },
  ];
  const traced = (tracing: Partial<Tracing>): Telemetry => ({
    providers: providers(),
    tracing: { mode: 'On', provider: 'collector', samplingPercent: 100, ...tracing },
  });

  /** The two spans of the request with this path, of both ends. */
  async function spansOf(path: string): Promise<readonly [client: SeenSpan, server: SeenSpan]> {
    const find = (kind: SeenSpan['kind']): SeenSpan | undefined =>
      receiver.spans.find((span) => span.kind === kind && span.attributes['http.url']?.endsWith(path));
    await receiver.until(
      () => find('client') !== undefined && find('server') !== undefined,
      `spans of ${path}`,
    );
    const [client, server] = [find('client'), find('server')];
    assert.ok(client && server);
    return [client, server];
  }

  /** Has nothing of this path come when a later request's spans are there? */
  async function isUntraced(path: string, later: string): Promise<void> {
    await spansOf(later);
    assert.deepEqual(
      receiver.spans.filter(({ attributes }) => attributes['http.url']?.endsWith(path)),
      [],
    );
  }

  const w3c = (flags: string): Record<string, string> => ({ traceparent: `00-${trace}-${parent}-${flags}` });

  test('are one: the server continues what the client began, and both say who called whom', () =>
    withTelemetry(
      traced({
        customTags: [
          { name: 'tier', literal: 'gold' },
          { name: 'tenant', requestHeader: 'x-tenant' },
        ],
      }),
      async () => {
        const { seen } = await pair.call('/first', { 'x-tenant': 't1' });
        const [client, server] = await spansOf('/first');
        assert.equal(client.parentId, '');
        assert.equal(server.traceId, client.traceId);
        assert.equal(server.parentId, client.spanId);
        assert.deepEqual([client.name, server.name], ['GET shop/web:80', 'GET']);
        for (const [span, who] of [
          [client, 'client'],
          [server, 'server'],
        ] as const) {
          assert.equal(span.attributes['weft.source.identity'], pairIdentities.client, who);
          assert.equal(span.attributes['weft.destination.identity'], pairIdentities.server, who);
          assert.equal(span.attributes['tier'], 'gold');
          assert.equal(span.attributes['tenant'], 't1');
          assert.equal(span.resource['service.name'], who);
          assert.equal(span.resource['k8s.pod.name'], `${who}-1`);
        }
        assert.equal(client.attributes['weft.service'], 'shop/web:80');
        assert.equal(seen['traceparent'], `00-${server.traceId}-${server.spanId}-01`);
      },
    ));

  test('continue what applications have begun, whatever the sampling here, and record what is recorded there', () =>
    withTelemetry(traced({ samplingPercent: 0 }), async () => {
      await pair.call('/none');
      await pair.call('/unrecorded', w3c('00'));
      await pair.call('/recorded', w3c('01'));
      const [client, server] = await spansOf('/recorded');
      assert.deepEqual([client.traceId, client.parentId], [trace, parent]);
      assert.equal(server.parentId, client.spanId);
      await isUntraced('/none', '/recorded');
      await isUntraced('/unrecorded', '/recorded');
    }));

  test('are recorded for a request that asks for it', () =>
    withTelemetry(traced({ samplingPercent: 0, forceHeader: 'x-trace-me' }), async () => {
      await pair.call('/plain');
      await pair.call('/asked', { 'x-trace-me': 'yes' });
      await isUntraced('/plain', '/asked');
    }));

  test('continue those of B3, in all its forms, and what is sent on is W3C', () =>
    withTelemetry(traced({ samplingPercent: 0, readB3: true }), async () => {
      const short = 'c'.repeat(16);
      const multiple = (id: string, more: Record<string, string>): Record<string, string> => ({
        'x-b3-traceid': id,
        'x-b3-spanid': parent,
        ...more,
      });
      const forms: readonly (readonly [path: string, id: string, headers: Record<string, string>])[] = [
        ['/b3-single', trace, { b3: `${trace}-${parent}-1` }],
        ['/b3-debug', trace, { b3: `${trace}-${parent}-d` }],
        ['/b3-parent', trace, { b3: `${trace}-${parent}-1-${'d'.repeat(16)}` }],
        ['/b3-short', `${'0'.repeat(16)}${short}`, { b3: `${short}-${parent}-1` }],
        ['/b3-short-parent', `${'0'.repeat(16)}${short}`, { b3: `${short}-${parent}-1-${'d'.repeat(16)}` }],
        ['/b3-multiple', trace, multiple(trace, { 'x-b3-sampled': '1' })],
        ['/b3-flags', trace, multiple(trace, { 'x-b3-flags': '1' })],
        ['/b3-multiple-short', `${'0'.repeat(16)}${short}`, multiple(short, { 'x-b3-sampled': 'true' })],
      ];
      await pair.call('/b3-unrecorded', { b3: `${trace}-${parent}-0` });
      await pair.call('/b3-multiple-unrecorded', multiple(trace, { 'x-b3-sampled': '0' }));
      await pair.call('/b3-undecided', { b3: `${trace}-${parent}` });
      await pair.call('/b3-nonsense', { b3: 'x'.repeat(200), 'x-b3-traceid': '?' });
      for (const [path, id, headers] of forms) {
        const { seen } = await pair.call(path, headers);
        const [client, server] = await spansOf(path);
        assert.deepEqual([client.traceId, client.parentId], [id, parent], path);
        assert.equal(server.parentId, client.spanId, path);
        assert.equal(seen['traceparent'], `00-${id}-${server.spanId}-01`, path);
      }
      const last = '/b3-single';
      for (const path of ['/b3-unrecorded', '/b3-multiple-unrecorded', '/b3-undecided', '/b3-nonsense']) {
        await isUntraced(path, last);
      }
      const { seen } = await pair.call('/b3-and-w3c', { b3: `${'e'.repeat(32)}-${parent}-1`, ...w3c('01') });
      assert.equal(String(seen['traceparent']).slice(3, 35), trace);
    }));

  test('are told to the control plane where they are recorded, by the server, with their durations', () =>
    withTelemetry(traced({ samplingPercent: 0 }), async () => {
      await pair.call('/none');
      await pair.call('/unrecorded', w3c('00'));
      const { seen } = await pair.call('/recorded', w3c('01'));
      await receiver.until(() => receiver.logs.length > 0, 'an exemplar');
      await spansOf('/recorded');
      const told = receiver.logs.map(({ body }) => exemplarPattern.exec(body)?.slice(2));
      assert.deepEqual(told, [[trace, '01']]);
      assert.ok(receiver.logs[0]?.body.endsWith(String(seen['traceparent'])));
    }));

  test('go over HTTP as well', () =>
    withTelemetry(
      { providers: providers('HTTP'), tracing: { mode: 'On', provider: 'collector', samplingPercent: 100 } },
      async () => {
        await pair.call('/http');
        const [client, server] = await spansOf('/http');
        assert.equal(server.parentId, client.spanId);
      },
    ));
});

describe('access logs of two sidecars', () => {
  let receiver: OtlpReceiver;
  let pair: EnvoyPair | undefined;

  before(async () => {
    receiver = await OtlpReceiver.start();
  });
  after(() => receiver.close());

  async function withLog(
    accessLog: NonNullable<Telemetry['accessLog']>,
    body: (pair: EnvoyPair) => Promise<void>,
    protocol: 'GRPC' | 'HTTP' = 'GRPC',
  ): Promise<void> {
    receiver.logs.length = 0;
    const port = protocol === 'GRPC' ? receiver.grpcPort : receiver.httpPort;
    const providers = [{ name: 'collector', protocol, address: `127.0.0.1:${port}` }];
    const tracing: Tracing = { mode: 'On', provider: 'collector', samplingPercent: 100 };
    pair = await EnvoyPair.start([meshConfig({ telemetry: { providers, tracing, accessLog } })]);
    try {
      await body(pair);
    } finally {
      await pair.stop();
    }
  }

  test('are lines of JSON with what people look for, at both ends', () =>
    withLog({ mode: 'On' }, async (of) => {
      await of.call('/json', { 'x-answer': '404' });
      for (const side of ['client', 'server'] as const) {
        await until(() => of.output[side].includes('\n'));
        const line = JSON.parse(of.output[side]) as Record<string, unknown>;
        assert.deepEqual([line['method'], line['path'], line['status']], ['GET', '/json', 404], side);
        assert.equal(typeof line['durationMs'], 'number');
        assert.match(String(line['traceId']), /^[0-9a-f]{32}$/);
      }
      assert.match(of.output.client, /"serverIdentity":"spiffe:\/\/cluster.local\/ns\/shop\/sa\/server"/);
      assert.match(of.output.server, /"clientIdentity":"spiffe:\/\/cluster.local\/ns\/shop\/sa\/client"/);
    }));

  test('have the format that people choose, and leave out what they filter', () =>
    withLog(
      {
        mode: 'On',
        format: { text: '%REQ(:PATH)% 100%% %RESPONSE_CODE%' },
        filter: { statusClasses: ['4xx', '5xx'] },
      },
      async (of) => {
        await of.call('/fine');
        await of.call('/bad', { 'x-answer': '400' });
        await of.call('/odd', { 'x-answer': '399' });
        await of.call('/broken', { 'x-answer': '599' });
        await until(() => of.output.client.includes('/broken'));
        assert.equal(of.output.client, '/bad 100% 400\n/broken 100% 599\n');
      },
    ));

  test('are sampled: nothing at 0 percent, and slow requests alone with a duration', () =>
    withLog({ mode: 'On', format: { text: 'line' }, filter: { samplingPercent: 0 } }, async (of) => {
      for (let i = 0; i < 20; i++) await of.call(`/${i}`);
      assert.equal(of.output.client, '');
    }));

  for (const protocol of ['GRPC', 'HTTP'] as const) {
    test(`arrive by OTLP over ${protocol}, with the trace that they belong to and whose they are`, () =>
      withLog(
        {
          mode: 'On',
          provider: 'collector',
          format: { json: [{ name: 'url.path', value: '%REQ(:PATH)%' }] },
        },
        async (of) => {
          const { seen } = await of.call('/otlp');
          await receiver.until(() => receiver.logs.length >= 2, 'logs of both ends');
          const trace = String(seen['traceparent']).slice(3, 35);
          for (const log of receiver.logs) {
            assert.equal(log.attributes['url.path'], '/otlp');
            assert.equal(log.traceId, trace);
          }
          assert.deepEqual(receiver.logs.map(({ resource }) => resource['service.name']).sort(), [
            'client',
            'server',
          ]);
        },
        protocol,
      ));
  }
});

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('not within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
