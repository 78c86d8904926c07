import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GraphEdge, GraphNode, ServiceGraph } from '../../../telemetry/model.ts';
import {
  healthOf,
  neighbourhood,
  outsideClients,
  outsideHosts,
  type SceneChoices,
  sceneOf,
} from './scene.ts';

const all: SceneChoices = { groupBy: 'workload', search: '', show: 'all', minRate: 0 };

function node(id: string, namespace: string, name: string, kind: GraphNode['kind'] = 'workload'): GraphNode {
  return { id, kind, namespace, name, requestsPerSecond: 10, successRate: 1 };
}

function edge(source: string, target: string, more: Partial<GraphEdge> = {}): GraphEdge {
  return {
    source,
    target,
    protocols: ['http'],
    mtls: true,
    requestsPerSecond: 10,
    connectionsPerSecond: 0.5,
    bytesPerSecond: 100,
    successRate: 1,
    p50Ms: 1,
    p99Ms: 10,
    ...more,
  };
}

const answer: ServiceGraph = {
  fromMs: 0,
  toMs: 60_000,
  gaps: [],
  nodes: [
    node('unknown', '', '', 'unknown'),
    node('workload:shop/Deployment/web', 'shop', 'Deployment/web'),
    node('workload:shop/Deployment/cart', 'shop', 'Deployment/cart'),
    node('workload:bank/Deployment/pay', 'bank', 'Deployment/pay'),
    node('unknown:secret', 'secret', '', 'unknown'),
    node('external:api.example', '', 'api.example', 'external'),
  ],
  edges: [
    edge('unknown', 'workload:shop/Deployment/web', { mtls: false }),
    edge('workload:shop/Deployment/web', 'workload:shop/Deployment/cart'),
    edge('workload:shop/Deployment/cart', 'workload:bank/Deployment/pay', {
      successRate: 0.9,
      requestsPerSecond: 30,
    }),
    edge('workload:shop/Deployment/web', 'workload:bank/Deployment/pay', { protocols: ['grpc'], p99Ms: 70 }),
    edge('workload:bank/Deployment/pay', 'external:api.example', { mtls: 'mixed', requestsPerSecond: 1 }),
    edge('workload:bank/Deployment/pay', 'unknown:secret'),
  ],
};

const ids = (scene: { readonly nodes: readonly { readonly id: string }[] }) =>
  scene.nodes.map(({ id }) => id);

test('one failure in a thousand is still good, one in twenty is bad', () => {
  assert.deepEqual([undefined, 1, 0.999, 0.99, 0.95, 0.94].map(healthOf), [
    'unknown',
    'good',
    'good',
    'degraded',
    'degraded',
    'bad',
  ]);
});

test('names are told without their kind, hidden ones are told to be hidden', () => {
  const labels = sceneOf(answer, all).nodes.map(({ label, group }) => [label, group]);
  assert.deepEqual(labels, [
    ['unknown clients', outsideClients],
    ['web', 'shop'],
    ['cart', 'shop'],
    ['pay', 'bank'],
    ['not visible to you', 'secret'],
    ['api.example', outsideHosts],
  ]);
});

test('a search keeps what matches and its neighbours', () => {
  const scene = sceneOf(answer, { ...all, search: 'CART' });
  assert.deepEqual(ids(scene), [
    'workload:shop/Deployment/web',
    'workload:shop/Deployment/cart',
    'workload:bank/Deployment/pay',
  ]);
  assert.equal(scene.edges.length, 2);
});

test('a search that nothing matches leaves nothing', () => {
  assert.deepEqual(sceneOf(answer, { ...all, search: 'nobody' }), { nodes: [], edges: [] });
});

test('only failing edges, only plain ones, only busy ones', () => {
  const targets = (choices: Partial<SceneChoices>) =>
    sceneOf(answer, { ...all, ...choices }).edges.map(({ target }) => target);
  assert.deepEqual(targets({ show: 'failing' }), ['workload:bank/Deployment/pay']);
  assert.deepEqual(targets({ show: 'plaintext' }), ['workload:shop/Deployment/web', 'external:api.example']);
  assert.deepEqual(targets({ minRate: 11 }), ['workload:bank/Deployment/pay']);
});

test('grouped by namespace, rates add up, success is weighted, latency is the slowest, and inner traffic is no edge', () => {
  const scene = sceneOf(answer, { ...all, groupBy: 'namespace' });
  const toBank = scene.edges.find(({ key }) => key === 'namespace:shop namespace:bank');
  assert.equal(toBank?.connectionsPerSecond, 1);
  assert.equal(toBank?.requestsPerSecond, 40);
  assert.equal(toBank?.successRate, (30 * 0.9 + 10) / 40);
  assert.equal(toBank?.p99Ms, 70);
  assert.deepEqual(toBank?.protocols, ['grpc', 'http']);
  assert.equal(toBank?.mtls, true);
  assert.equal(
    scene.edges.some(({ source, target }) => source === target),
    false,
  );
  assert.equal(scene.nodes.find(({ id }) => id === 'namespace:shop')?.requestsPerSecond, 20);
});

test('the neighbourhood of a node is who it calls and who calls it', () => {
  assert.deepEqual([...neighbourhood(sceneOf(answer, all), 'workload:shop/Deployment/web')].sort(), [
    'unknown',
    'workload:bank/Deployment/pay',
    'workload:shop/Deployment/cart',
    'workload:shop/Deployment/web',
  ]);
});
