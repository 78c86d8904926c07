/** What a report may not claim: each such point is refused and counted by its reason, and nothing else is disturbed. */

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { createLogger, type Logger } from '../base/log.ts';
import { registry } from '../base/metrics.ts';
import { signals, tcpPrefixAttribute } from '../base/signals.ts';
import type { MeshPod, ServicePort } from '../mesh/model.ts';
import { message } from './protobuf-writer.ts';
import { connections, http, report, type TestPoint } from './testing.ts';
import { telemetryWorld } from './testing-world.ts';
import type { ReportingPeer } from './reporter.ts';

const web = 'shop/Deployment/web@v1';
const api = 'shop/Deployment/api@v2';
const good = http({ side: 'client', peer: api, service: 'shop/api:80', durations: [1, 2] });

async function refused(reason: string): Promise<number> {
  const metric = await registry.getSingleMetric('weft_telemetry_refused_points_total')?.get();
  return metric?.values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0;
}

async function reports(result: string): Promise<number> {
  const metric = await registry.getSingleMetric('weft_telemetry_reports_total')?.get();
  return metric?.values.find(({ labels }) => labels['result'] === result)?.value ?? 0;
}

const day = 86_400_000;
const nowMs = Date.UTC(2026, 8, 1, 12);

describe('a point is refused', () => {
  const bad: readonly (readonly [string, string, TestPoint])[] = [
    ['of an unknown metric', 'metric', { ...good, metric: 'weft.http.surprise' }],
    [
      'of a gauge or counter that should be a histogram',
      'bounds',
      { metric: signals.duration.client, tags: good.tags, value: 3 },
    ],
    ['with an unknown tag', 'tag', { ...good, tags: { ...good.tags, source: 'shop/Deployment/victim' } }],
    ['that is cumulative', 'temporality', { ...good, temporality: 2 }],
    ['that does not say its temporality', 'temporality', { ...good, temporality: 0 }],
    ['with other bounds', 'bounds', { ...good, bounds: Array.from({ length: 20 }, (_, index) => index + 1) }],
    ['with fewer buckets', 'bounds', { ...good, buckets: [2], count: 2 }],
    ['with more buckets', 'bounds', { ...good, buckets: Array<number>(25).fill(0), count: 0 }],
    ['whose buckets are not as many as its count', 'value', { ...good, count: 7 }],
    ['whose sum is no number', 'value', { ...good, durations: [Number.NaN, 1] }],
    ['whose sum is negative', 'value', { ...good, durations: [-5, 1] }],
    ['of a time far in the past', 'time', { ...good, timeMs: nowMs - 2 * day }],
    ['of a time far in the future', 'time', { ...good, timeMs: nowMs + 2 * day }],
    ['of no time at all', 'time', { ...good, timeMs: 0 }],
    [
      'for a Service that is not of the mesh',
      'service',
      http({ side: 'client', peer: api, service: 'shop/none:80', durations: [1] }),
    ],
    ['with attempts that are no number', 'tag', { ...good, tags: { ...good.tags, attempts: 'many' } }],
    [
      'for bytes of a TCP proxy that Weft does not make',
      'tag',
      { metric: signals.bytesSent, tags: { [tcpPrefixAttribute]: 'mine' } },
    ],
    ['of neither side', 'metric', { ...good, metric: 'weft.http.middle.duration' }],
    ['with a status that does not exist', 'tag', http({ side: 'client', code: '999', durations: [1] })],
    [
      'with a protocol that does not exist',
      'tag',
      http({ side: 'client', protocol: 'SPDY', durations: [1] }),
    ],
    [
      'of a peer whose name cannot be',
      'end',
      http({ side: 'client', peer: 'Shop/Deployment/api', durations: [1] }),
    ],
    [
      'of a host whose name cannot be',
      'end',
      http({ side: 'client', service: 'a b.example', durations: [1] }),
    ],
    [
      'of a connection to which something else happened',
      'tag',
      { ...connections('client', api, 'shop/db:5432', 'ended'), tags: { event: 'x' } },
    ],
    ['of less than no connections', 'value', connections('client', api, 'shop/db:5432', 'established', -1)],
    [
      'of more connections than there can be',
      'value',
      connections('client', api, 'shop/db:5432', 'established', 2 ** 52),
    ],
    [
      'of a sum that may go back',
      'value',
      { ...connections('client', api, 'shop/db:5432', 'ended'), monotonic: false },
    ],
  ];
  for (const [what, reason, point] of bad) {
    test(`${what}, and the others of its report count`, async () => {
      const world = await telemetryWorld();
      const before = await refused(reason);
      const partly = await reports('partly refused');
      const answer = await world.send(
        world.peer(web),
        Buffer.concat([report([good], nowMs), report([point], nowMs)]),
      );
      assert.equal((await refused(reason)) - before, 1);
      assert.equal((await reports('partly refused')) - partly, 1);
      assert.match(
        Buffer.from(answer).toString(),
        new RegExp(`1 data points were refused, the first for ${reason}`),
      );
      world.pass(10_000);
      const { rows } = await world.ask({});
      assert.deepEqual(
        rows.map((row) => [row.requests, row.connectionsPerSecond]),
        [[2, 0]],
      );
    });
  }

  test('not for a Service that was there a minute ago', async () => {
    const world = await telemetryWorld();
    world.services.delete('shop/api:80');
    await world.graph.settled();
    world.pass(60_000);
    assert.equal((await world.reports(web, good)).length, 0);
    world.pass(61_000);
    assert.notEqual((await world.reports(web, good)).length, 0);
    world.services.set('shop/api:80', {} as ServicePort);
    await world.graph.settled();
    assert.equal((await world.reports(web, good)).length, 0);
  });
});

describe('a report is refused as a whole', () => {
  test('that ends too early, without a trace of what was good of it', async () => {
    const world = await telemetryWorld();
    const whole = report([good, connections('client', api, 'shop/db:5432', 'established')], nowMs);
    for (let length = 1; length < whole.length; length++) {
      await assert.rejects(world.send(world.peer(web), whole.subarray(0, length)), { code: 'WEFT-TEL-01' });
    }
    world.pass(10_000);
    assert.deepEqual((await world.ask({})).rows, []);
    await world.send(world.peer(web), whole);
    world.pass(10_000);
    assert.equal((await world.ask({})).rows[0]?.requests, 2);
  });

  test('that has more points than any proxy keeps', async () => {
    const world = await telemetryWorld();
    const many = Array.from({ length: 5_001 }, () => good);
    await assert.rejects(world.reports(web, ...many), { code: 'WEFT-TEL-01' });
  });

  test('whose bytes are random, whatever they are', async () => {
    const world = await telemetryWorld();
    const whole = report([good, connections('client', api, 'shop/db:5432', 'ended')], nowMs);
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    let taken = 0;
    for (let round = 0; round < 4_000; round++) {
      const bytes =
        round % 2 === 0
          ? Buffer.from(whole)
          : Buffer.from(Array.from({ length: random(200) }, () => random(256)));
      for (let change = 0; change <= random(4) && bytes.length > 0; change++)
        bytes[random(bytes.length)] = random(256);
      await world.send(world.peer(web), bytes).then(
        () => (taken += 1),
        (error: unknown) => assert.equal((error as { code?: string }).code, 'WEFT-TEL-01'),
      );
    }
    assert.ok(taken > 0, 'some are still messages');
    world.pass(10_000);
    // Whatever was taken is about this workload alone.
    const { rows } = await world.ask({ groupBy: ['side', 'source', 'destination'] });
    for (const { group, counts } of rows) {
      const own = group.side === 'client' ? group.source : group.destination;
      assert.equal(own, 'shop/Deployment/web');
      for (const value of [
        ...counts.requests,
        ...counts.durations,
        counts.failures,
        counts.connectionsClosed,
      ]) {
        assert.ok(Number.isInteger(value) && value >= 0);
      }
    }
  });
});

describe('who reports is known from the connection', () => {
  test('so that nobody can report for another, whatever tags say', async () => {
    const world = await telemetryWorld();
    await world.reports(
      'evil/Deployment/liar',
      http({ side: 'client', peer: api, service: 'shop/api:80', durations: [1] }),
      http({ side: 'server', peer: web, durations: [1] }),
    );
    world.pass(10_000);
    const { rows } = await world.ask({ groupBy: ['side', 'source', 'destination'] });
    assert.deepEqual(
      rows.map(({ group }) => Object.values(group)),
      [
        ['client', 'evil/Deployment/liar', 'shop/Deployment/api'],
        ['server', 'shop/Deployment/web', 'evil/Deployment/liar'],
      ],
    );
  });

  test('by its service account where the certificate has no subject, if that is of one workload alone', async () => {
    const world = await telemetryWorld();
    const pod = (name: string, workload: string): void =>
      world.pods.set(`shop/${name}`, {
        namespace: 'shop',
        name,
        uid: name,
        serviceAccount: 'old',
        workload: `shop/Deployment/${workload}`,
        version: 'v0',
        meshed: true,
      } as MeshPod);
    const peer: ReportingPeer = {
      kind: 'certificate',
      uri: 'spiffe://cluster.local/ns/shop/sa/old',
      subject: '',
    };
    await assert.rejects(world.send({ ...peer }, report([good], nowMs)), { code: 'WEFT-TEL-02' });
    pod('old-1', 'old');
    pod('old-2', 'old');
    await world.graph.settled();
    await world.send({ ...peer }, report([good], nowMs));
    pod('other-1', 'other');
    await world.graph.settled();
    await assert.rejects(world.send({ ...peer }, report([good], nowMs)), /more than one workload/);
    world.pass(10_000);
    const { rows } = await world.ask({ groupBy: ['source', 'sourceVersion'] });
    assert.deepEqual(
      rows.map(({ group }) => Object.values(group)),
      [['shop/Deployment/old', 'v0']],
    );
  });

  test('and a subject of another namespace than that of the identity counts for nothing', async () => {
    const world = await telemetryWorld();
    const peer: ReportingPeer = {
      kind: 'certificate',
      uri: 'spiffe://cluster.local/ns/evil/sa/default',
      subject: 'O=shop\nCN=Deployment/web',
    };
    await assert.rejects(world.send(peer, report([good], nowMs)), { code: 'WEFT-TEL-02' });
  });

  test('by the pod of its token, while that pod is in the mesh', async () => {
    const holder = { namespace: 'shop', serviceAccount: 'default', podName: 'web-1', podUid: 'u1' };
    const world = await telemetryWorld({
      review: (token) =>
        token === 'good'
          ? Promise.resolve({ kind: 'accepted', holder })
          : token === 'bad'
            ? Promise.resolve({ kind: 'refused', why: 'it has expired' })
            : Promise.reject(new Error('the API server is away')),
    });
    const send = (token: string): Promise<Uint8Array> =>
      world.send({ kind: 'token', token: () => token }, report([good], nowMs));
    await assert.rejects(send('good'), /not in the mesh/);
    const pod = {
      namespace: 'shop',
      name: 'web-1',
      uid: 'u1',
      workload: 'shop/Deployment/web',
      version: 'v3',
      meshed: true,
    };
    world.pods.set('shop/web-1', pod as MeshPod);
    await world.graph.settled();
    await send('good');
    await assert.rejects(send('bad'), /it has expired/);
    await assert.rejects(send('other'), /the API server is away/);
    world.pods.set('shop/web-1', { ...pod, uid: 'u2' } as MeshPod);
    await world.graph.settled();
    await assert.rejects(send('good'), /not in the mesh/);
    world.pass(10_000);
    const { rows } = await world.ask({ groupBy: ['source', 'sourceVersion'] });
    assert.deepEqual(
      rows.map(({ group }) => Object.values(group)),
      [['shop/Deployment/web', 'v3']],
    );
  });
});

/** A logger, and what it is told. */
function logOf(): { readonly log: Logger; readonly lines: readonly Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().trim().split('\n'))
        lines.push(JSON.parse(line) as Record<string, unknown>);
      done();
    },
  });
  return { log: createLogger('info', stream), lines };
}

test('garbage is counted and logged once a minute for each sender, whatever it was to be', async () => {
  const { log, lines } = logOf();
  const world = await telemetryWorld({ log });
  const before = await reports('refused');
  for (const method of world.telemetry.methods.values()) {
    await assert.rejects(method(world.peer(web), Buffer.from('garbage')), { code: 'WEFT-TEL-01' });
  }
  assert.equal((await reports('refused')) - before, 2);
  assert.deepEqual(
    lines.map(({ peer, msg }) => [peer, msg]),
    [['spiffe://cluster.local/ns/shop/sa/default', 'a report was refused']],
  );
});

test('what is refused is logged once a minute for each reporter, with how often it came', async () => {
  const { log, lines } = logOf();
  const world = await telemetryWorld({ log });
  const bad = { ...good, metric: 'nonsense' };
  for (let count = 0; count < 5; count++) await world.reports(web, bad);
  await world.reports(api, bad);
  world.pass(61_000);
  await world.reports(web, bad);
  assert.deepEqual(
    lines.map(({ reporter, suppressed, reasons }) => [reporter, suppressed, reasons]),
    [
      ['shop/Deployment/web', 0, { metric: 1 }],
      ['shop/Deployment/api', 0, { metric: 1 }],
      ['shop/Deployment/web', 4, { metric: 1 }],
    ],
  );
});

test('an attribute that is there twice, or is no string, is a tag that cannot be', async () => {
  const world = await telemetryWorld();
  const twice = message({ number: 1, bytes: Buffer.from('side') }, { number: 2, bytes: Buffer.alloc(0) });
  const number = message(
    { number: 1, bytes: Buffer.from('code') },
    { number: 2, bytes: message({ number: 3, varint: 7 }) },
  );
  for (const attributes of [[twice, twice], [number]]) {
    const before = await refused('tag');
    const point = message(
      { number: 3, fixed64: BigInt(nowMs) * 1_000_000n },
      { number: 6, fixed64: 1n },
      ...attributes.map((bytes) => ({ number: 7, bytes })),
    );
    const sum = message({ number: 1, bytes: point }, { number: 2, varint: 1 }, { number: 3, varint: 1 });
    const metric = message(
      { number: 1, bytes: Buffer.from(signals.connections.client) },
      { number: 7, bytes: sum },
    );
    const scope = message({ number: 2, bytes: metric });
    await world.send(world.peer(web), message({ number: 1, bytes: message({ number: 2, bytes: scope }) }));
    assert.equal((await refused('tag')) - before, 1);
  }
});
