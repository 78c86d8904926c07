/** Traffic in the words of SMI: the specification's fields, units and quantities, and the numbers of the store. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { http } from './testing.ts';
import { telemetryWorld, type TelemetryWorld } from './testing-world.ts';
import {
  secondsQuantity,
  smiDiscovery,
  smiEdgeQueries,
  smiEdges,
  smiGet,
  smiList,
  smiListQuery,
  type SmiResource,
  type TrafficMetrics,
} from './smi.ts';

async function shop(): Promise<TelemetryWorld> {
  const world = await telemetryWorld();
  const web = { side: 'client', peer: 'shop/Deployment/web@v1', service: 'shop/web:80' } as const;
  await world.reports(
    'infra/Gateway/edge',
    http({ ...web, durations: [2, 2, 2, 2] }),
    http({ ...web, code: '503', durations: [400] }),
  );
  await world.reports(
    'shop/Deployment/web@v1',
    http({ side: 'client', peer: 'data/StatefulSet/db', service: 'shop/api:80', durations: [1, 1] }),
    http({ side: 'client', service: 'api.example.com:443', durations: [1] }),
    http({ side: 'server', durations: [7] }),
  );
  world.pass(10_000);
  return world;
}

const target = (resource: SmiResource, namespace = '', name = '') => ({ resource, namespace, name });

function summary({ resource, edge, metrics }: TrafficMetrics): readonly unknown[] {
  const value = (name: string) => metrics.find((metric) => metric.name === name)?.value;
  return [
    resource.name,
    edge.direction,
    edge.side,
    edge.resource,
    value('success_count'),
    value('failure_count'),
  ];
}

describe('a list', () => {
  for (const [resource, namespace, expected] of [
    ['deployments', '', [['web', 'from', 'client', {}, '5', '1']]],
    ['deployments', 'data', []],
    ['statefulsets', 'data', [['db', 'from', 'client', {}, '2', '0']]],
    [
      'namespaces',
      '',
      [
        ['data', 'from', 'client', {}, '2', '0'],
        ['shop', 'from', 'client', {}, '5', '1'],
      ],
    ],
    [
      'services',
      'shop',
      [
        ['api', 'from', 'client', {}, '2', '0'],
        ['web', 'from', 'client', {}, '4', '1'],
      ],
    ],
  ] as const) {
    test(`of ${resource} in ${namespace || 'all namespaces'} has what each received`, async () => {
      const world = await shop();
      const asked = target(resource, namespace);
      const answer = await world.ask(smiListQuery(asked));
      assert.deepEqual(smiList(asked, answer).items.map(summary), expected);
    });
  }

  test('has only those that a selector has chosen', async () => {
    const world = await shop();
    const asked = target('services', 'shop');
    const { items } = smiList(asked, await world.ask(smiListQuery(asked)), (key) => key === 'shop/api');
    assert.deepEqual(
      items.map(({ resource }) => resource.name),
      ['api'],
    );
  });
});

test('an object has the fields and units of the specification', async () => {
  const world = await shop();
  const asked = target('services', 'shop', 'web');
  const object = smiGet(asked, await world.ask(smiListQuery(asked)));
  assert.deepEqual(object, {
    kind: 'TrafficMetrics',
    apiVersion: 'metrics.smi-spec.io/v1alpha1',
    metadata: { name: 'web', namespace: 'shop', creationTimestamp: '2026-09-01T12:00:10Z' },
    resource: { kind: 'Service', namespace: 'shop', name: 'web' },
    edge: { direction: 'from', side: 'client', resource: {} },
    timestamp: '2026-09-01T12:00:10Z',
    window: '30s',
    metrics: [
      { name: 'p99_response_latency', unit: 'seconds', value: '487500u' },
      { name: 'p90_response_latency', unit: 'seconds', value: '375m' },
      { name: 'p50_response_latency', unit: 'seconds', value: '2625u' },
      { name: 'success_count', value: '4' },
      { name: 'failure_count', value: '1' },
    ],
  });
});

test('an object that received nothing has counts of zero', async () => {
  const world = await shop();
  const asked = target('deployments', 'shop', 'idle');
  const { metrics, resource } = smiGet(asked, await world.ask(smiListQuery(asked)));
  assert.deepEqual(resource, { kind: 'Deployment', namespace: 'shop', name: 'idle' });
  assert.deepEqual(
    metrics.map(({ value }) => value),
    ['0', '0', '0', '0', '0'],
  );
});

describe('edges', () => {
  const edges = async (resource: SmiResource, namespace: string, name: string) => {
    const world = await shop();
    const asked = target(resource, namespace, name);
    const answers = await Promise.all(smiEdgeQueries(asked).map((query) => world.ask(query)));
    return smiEdges(asked, answers).items.map(summary);
  };

  test('of a workload lead from its clients and to those it calls', async () => {
    assert.deepEqual(await edges('deployments', 'shop', 'web'), [
      ['web', 'from', 'server', {}, '1', '0'],
      ['web', 'from', 'client', { kind: 'Gateway', namespace: 'infra', name: 'edge' }, '4', '1'],
      ['web', 'to', 'client', { name: 'api.example.com:443' }, '1', '0'],
      ['web', 'to', 'client', { kind: 'StatefulSet', namespace: 'data', name: 'db' }, '2', '0'],
    ]);
  });

  test('of a Service lead from its clients', async () => {
    assert.deepEqual(await edges('services', 'shop', 'web'), [
      ['web', 'from', 'client', { kind: 'Gateway', namespace: 'infra', name: 'edge' }, '4', '1'],
    ]);
  });

  test('of a namespace lead from and to namespaces', async () => {
    assert.deepEqual(await edges('namespaces', '', 'shop'), [
      ['shop', 'from', 'server', {}, '1', '0'],
      ['shop', 'from', 'client', { kind: 'Namespace', name: 'infra' }, '4', '1'],
      ['shop', 'to', 'client', {}, '1', '0'],
      ['shop', 'to', 'client', { kind: 'Namespace', name: 'data' }, '2', '0'],
    ]);
  });
});

test('the group tells each resource and its edges', () => {
  const { groupVersion, resources } = smiDiscovery() as {
    groupVersion: string;
    resources: { name: string; namespaced: boolean }[];
  };
  assert.equal(groupVersion, 'metrics.smi-spec.io/v1alpha1');
  assert.ok(resources.some(({ name, namespaced }) => name === 'deployments/edges' && namespaced));
  assert.ok(resources.some(({ name, namespaced }) => name === 'namespaces' && !namespaced));
});

for (const [milliseconds, quantity] of [
  [0, '0'],
  [10, '10m'],
  [0.5, '500u'],
  [1_000, '1'],
  [1_500, '1500m'],
  [2.0004, '2m'],
] as const) {
  test(`${milliseconds} ms are ${quantity} of a second`, () =>
    assert.equal(secondsQuantity(milliseconds), quantity));
}
