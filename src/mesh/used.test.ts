import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import type { UsedSet } from './model.ts';
import { UsedSets } from './used.ts';

function world() {
  const graph = new Graph({ onError: (error) => assert.fail(error) });
  const source = graph.source<UsedSet>('used');
  return { graph, source, used: new UsedSets(source) };
}

test('a workload uses what any of its proxies asked for, each destination once and in order', async () => {
  const { graph, source, used } = world();
  used.use('shop/Deployment/web', ['10.0.0.2:80']);
  used.use('shop/Deployment/web', ['10.0.0.1:80', '10.0.0.2:80']);
  used.use('shop/Deployment/api', ['10.0.0.3:80']);
  await graph.settled();
  assert.deepEqual(source.get('shop/Deployment/web'), { destinations: ['10.0.0.1:80', '10.0.0.2:80'] });
  assert.deepEqual(source.get('shop/Deployment/api'), { destinations: ['10.0.0.3:80'] });
});

test('workloads that use the same share one set, until one of them uses more', async () => {
  const { graph, source, used } = world();
  const [web, api] = ['shop/Deployment/web', 'shop/Deployment/api'];
  used.use(web, ['10.0.0.1:80']);
  used.use(web, ['10.0.0.2:80']);
  used.use(api, ['10.0.0.2:80', '10.0.0.1:80']);
  await graph.settled();
  assert.equal(source.get(web), source.get(api));
  used.use(api, ['10.0.0.3:80']);
  await graph.settled();
  assert.equal(source.get(web)?.destinations.length, 2);
  assert.equal(source.get(api)?.destinations.length, 3);
});

test('a set that is full leaves further destinations out and says how many', async () => {
  const { graph, source, used } = world();
  const many = Array.from({ length: 20_005 }, (_, index) => `10.0.${index >> 8}.${index & 255}:80`);
  assert.equal(used.use('shop/Deployment/scanner', many), 5);
  await graph.settled();
  assert.equal(source.get('shop/Deployment/scanner')?.destinations.length, 20_000);
});
