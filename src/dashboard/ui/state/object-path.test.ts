import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainPath, objectPath } from './object-path.ts';

test('every kind with a page of its own leads there, other known kinds to explain', () => {
  assert.deepEqual(objectPath({ kind: 'Deployment', namespace: 'shop', name: 'web' }), [
    'workloads',
    'shop',
    'Deployment',
    'web',
  ]);
  assert.deepEqual(objectPath({ kind: 'GRPCRoute', namespace: 'shop', name: 'r' })?.[0], 'routes');
  assert.deepEqual(objectPath({ kind: 'Gateway', namespace: 'edge', name: 'g' }), [
    'explain',
    'gateway',
    'edge',
    'g',
  ]);
});

test('what is hidden or unknown leads nowhere', () => {
  assert.equal(objectPath({ kind: 'Service', namespace: 'secret', name: '' }), undefined);
  assert.equal(objectPath({ kind: 'Replica', name: 'weft-0' }), undefined);
});

test('an object without namespace is explained all the same', () => {
  assert.deepEqual(explainPath({ kind: 'MeshConfig', name: 'default' }), [
    'explain',
    'meshconfig',
    '-',
    'default',
  ]);
});
