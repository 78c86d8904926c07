/** How the shares of replicas add up, what is asked about, and what the numbers are told as. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { durationBoundsMs } from '../base/signals.ts';
import { mergeParts, percentile } from './answer.ts';
import { emptyColumns, toCounts } from './counts.ts';
import type { TrafficFilter, TrafficPart, TrafficQuery } from './model.ts';
import { serviceGraph } from './service-graph.ts';
import { connections, http } from './testing.ts';
import { telemetryWorld, type TelemetryWorld } from './testing-world.ts';
import { signals, tcpPrefixAttribute } from '../base/signals.ts';

const web = 'shop/Deployment/web@v1';

function buckets(counts: Readonly<Record<number, number>>): readonly number[] {
  return Array.from({ length: durationBoundsMs.length + 1 }, (_, index) => counts[index] ?? 0);
}

describe('a percentile', () => {
  for (const [what, counts, share, expected] of [
    ['lies within the first bucket as far as its share of it', { 0: 10 }, 0.5, 0.25],
    ['lies between the bounds of its bucket', { 0: 50, 7: 50 }, 0.75, 12.5],
    ['lies at the end of a bucket where that has exactly its share', { 0: 50, 7: 50 }, 0.5, 0.5],
    ['does not lie in an empty bucket', { 0: 1, 10: 1 }, 0.99, 49.6],
    ['beyond the last bound is that bound', { 21: 3 }, 0.5, 30_000],
  ] as const) {
    test(what, () => {
      assert.ok(
        Math.abs(percentile(buckets(counts), share) - expected) < 1e-9,
        String(percentile(buckets(counts), share)),
      );
    });
  }

  test('never falls as the share grows, whatever the histogram', () => {
    let seed = 11;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    for (let round = 0; round < 500; round++) {
      const durations = Array.from({ length: durationBoundsMs.length + 1 }, () =>
        random(3) === 0 ? random(50) : 0,
      );
      durations[random(durations.length)] = 1;
      const values = [0, 0.1, 0.5, 0.9, 0.99, 1].map((share) => percentile(durations, share));
      assert.deepEqual(
        values,
        values.toSorted((a, b) => a - b),
      );
    }
  });
});

describe('several replicas', () => {
  const query: TrafficQuery = { filter: {}, groupBy: ['source'], windowMs: 60_000 };
  const part = (
    replica: string,
    rows: readonly (readonly [string, number])[],
    more: Partial<TrafficPart> = {},
  ): TrafficPart => ({
    replica,
    sinceMs: 0,
    fromMs: 1_000_000,
    toMs: 1_060_000,
    gaps: [],
    rows: rows.map(([source, requests]) => {
      const values = emptyColumns();
      values[2] = requests;
      return { group: [source], counts: toCounts(values) };
    }),
    ...more,
  });

  test('add up, in whatever order they answer', () => {
    const parts = [
      part('a', [
        ['x', 1],
        ['y', 2],
      ]),
      part('b', [
        ['y', 3],
        ['z', 4],
      ]),
      part('c', []),
    ];
    const summary = (order: readonly TrafficPart[]) =>
      mergeParts(query, order).rows.map(({ group, requests }) => [group.source, requests]);
    assert.deepEqual(summary(parts), [
      ['x', 1],
      ['y', 5],
      ['z', 4],
    ]);
    assert.deepEqual(summary(parts.toReversed()), summary(parts));
    assert.deepEqual(
      parts[0]?.rows.map(({ counts }) => counts.requests[2]),
      [1, 2],
      'and stay as they are',
    );
  });

  test('survive the way through JSON', () => {
    const parts = [part('a', [['x', 1]])];
    assert.deepEqual(
      mergeParts(query, JSON.parse(JSON.stringify(parts)) as TrafficPart[]),
      mergeParts(query, parts),
    );
  });

  test('tell which of them began within the window, and what they say themselves', () => {
    const { gaps } = mergeParts(query, [
      part('old', []),
      part('young', [], { sinceMs: 1_030_000 }),
      part('odd', [], { gaps: ['its clock was set'] }),
    ]);
    assert.equal(gaps.length, 2);
    assert.match(gaps[0] ?? '', /young counts only since 1970-01-01T00:17:10.000Z, 30 s after the begin/);
    assert.equal(gaps[1], 'its clock was set');
  });

  test('says by how much the clocks of replicas differ, and nothing of slots that ended between two questions', () => {
    const at = (replica: string, toMs: number): TrafficPart =>
      part(replica, [], { fromMs: toMs - 60_000, toMs });
    const { gaps } = mergeParts(query, [
      at('here', 1_060_000),
      at('there', 8_260_000),
      at('near', 1_080_000),
    ]);
    assert.match(gaps[0] ?? '', /^The clock of replica there is 2 h ahead of that of replica here/);
    assert.deepEqual(mergeParts(query, [at('here', 1_060_000), at('near', 1_080_000)]).gaps, []);
  });

  test('that nobody asked give an answer without rows', () => {
    assert.deepEqual(mergeParts(query, [part('a', [])]), {
      fromMs: 1_000_000,
      toMs: 1_060_000,
      gaps: [],
      rows: [],
    });
  });
});

describe('a question', () => {
  async function world(): Promise<TelemetryWorld> {
    const made = await telemetryWorld({
      services: ['shop/api:80', 'shop/api:81', 'shop/apis:80', 'data/db:80'],
    });
    const to = (peer: string | undefined, service: string, route = '') =>
      http({ side: 'client', ...(peer === undefined ? {} : { peer }), service, route, durations: [1] });
    await made.reports(
      web,
      to('shop/Deployment/api', 'shop/api:80', 'shop/a/rule'),
      to('shop/Deployment/api', 'shop/api:81', 'shop/b'),
      to('shop/Deployment/apis', 'shop/apis:80'),
      to(undefined, 'data/db:80'),
    );
    await made.reports('other/Deployment/web', to('data/StatefulSet/db', 'data/db:80'));
    made.pass(10_000);
    return made;
  }

  for (const [what, filter, expected] of [
    ['about nothing in particular', {}, 5],
    ['about one source', { from: 'shop/Deployment/web' }, 4],
    ['about a source of another name', { from: 'shop/Deployment/we' }, 0],
    ['about sources of a namespace', { from: 'other' }, 1],
    ['about one destination', { to: 'shop/Deployment/api' }, 2],
    ['about destinations of a namespace, also those that nobody answered for', { to: 'data' }, 2],
    ['about a namespace at either end', { namespace: 'data' }, 2],
    ['about a Service with all its ports', { service: 'shop/api' }, 2],
    ['about one port of a Service', { service: 'shop/api:81' }, 1],
    ['about a route, whatever its rule', { route: 'shop/a' }, 1],
    ['about the other side', { side: 'server' }, 0],
  ] as readonly (readonly [string, TrafficFilter, number])[]) {
    test(`${what} has ${expected} requests`, async () => {
      const { rows } = await (await world()).ask({ filter });
      assert.equal(
        rows.reduce((sum, row) => sum + row.requests, 0),
        expected,
      );
    });
  }

  test('groups what nobody answered by the namespace of its Service', async () => {
    const { rows } = await (await world()).ask({
      groupBy: ['destination', 'destinationNamespace'],
      filter: { to: 'data' },
    });
    assert.deepEqual(
      rows.map(({ group }) => Object.values(group)),
      [
        ['', 'data'],
        ['data/StatefulSet/db', 'data'],
      ],
    );
  });
});

test('bytes for a Service behind which there are several workloads have no destination', async () => {
  const world = await telemetryWorld();
  const bytes = { metric: signals.bytesSent, tags: { [tcpPrefixAttribute]: 'svc/shop/db_5432' }, value: 100 };
  const db = (name: string) =>
    connections('client', `shop/StatefulSet/${name}`, 'shop/db:5432', 'established');
  await world.reports(web, db('db@v1'), db('db@v2'), bytes);
  world.pass(10_000);
  const rows = async () =>
    (await world.ask({ groupBy: ['destination', 'destinationVersion'] })).rows
      .filter(({ counts }) => counts.bytesSent > 0)
      .map(({ group, counts }) => [...Object.values(group), counts.bytesSent]);
  assert.deepEqual(await rows(), [['shop/StatefulSet/db', '', 100]], 'two versions are one workload');
  await world.reports(web, db('other'), bytes);
  world.pass(10_000);
  assert.deepEqual(await rows(), [
    ['', '', 100],
    ['shop/StatefulSet/db', '', 100],
  ]);
});

test('of an end in a namespace of which no more may be told, the graph shows the namespace', () => {
  const counts = toCounts(Float64Array.from(emptyColumns(), (_, index) => (index === 2 ? 6 : 0)));
  const group = {
    source: 'shop/Deployment/web',
    sourceNamespace: 'shop',
    destination: 'secret',
    destinationNamespace: 'secret',
    service: 'secret',
    protocol: 'http',
    mtls: 'true',
  };
  const row = {
    group,
    counts,
    requests: 6,
    requestsPerSecond: 0.1,
    bytesPerSecond: 0,
    connectionsPerSecond: 0,
  };
  const { nodes, edges } = serviceGraph({ fromMs: 0, toMs: 60_000, gaps: [], rows: [row] });
  assert.deepEqual(
    nodes.map(({ id, kind, namespace, name }) => [id, kind, namespace, name]),
    [
      ['unknown:secret', 'unknown', 'secret', ''],
      ['workload:shop/Deployment/web', 'workload', 'shop', 'Deployment/web'],
    ],
  );
  assert.deepEqual(
    edges.map(({ source, target }) => [source, target]),
    [['workload:shop/Deployment/web', 'unknown:secret']],
  );
});
