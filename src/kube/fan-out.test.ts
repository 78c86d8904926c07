import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fanOut, outlet } from './fan-out.ts';
import type { KubeObject, Sink } from './types.ts';

function sink<V>(into: Map<string, V>): Sink<V> {
  return {
    get: (key) => into.get(key),
    set: (key, value) => void into.set(key, value),
    delete: (key) => void into.delete(key),
    replace: (entries) => {
      into.clear();
      for (const [key, value] of entries) into.set(key, value);
    },
  };
}

function world() {
  const names = new Map<string, string>();
  const labels = new Map<string, object>();
  const { project, sink: all } = fanOut<KubeObject>(
    outlet((object) => object.metadata.name, sink(names)),
    outlet((object) => object.metadata.labels, sink(labels)),
  );
  return { names, labels, project, all };
}

const labelled: KubeObject = { metadata: { name: 'a', labels: { x: 'y' } } };
const bare: KubeObject = { metadata: { name: 'a' } };

test('every outlet gets its own projection', () => {
  const { names, labels, project, all } = world();
  all.set('n/a', project(labelled));
  assert.deepEqual([names.get('n/a'), labels.get('n/a')], ['a', { x: 'y' }]);
});

test('an object that an outlet no longer wants is deleted there and stays elsewhere', () => {
  const { names, labels, project, all } = world();
  all.set('n/a', project(labelled));
  all.set('n/a', project(bare));
  assert.deepEqual([names.has('n/a'), labels.has('n/a')], [true, false]);
});

test('a new list replaces what every outlet had', () => {
  const { names, labels, project, all } = world();
  all.set('n/old', project(labelled));
  all.replace([['n/a', project(bare)]]);
  assert.deepEqual([[...names.keys()], [...labels.keys()]], [['n/a'], []]);
});

test('a deleted object is deleted everywhere', () => {
  const { names, labels, project, all } = world();
  all.set('n/a', project(labelled));
  all.delete('n/a');
  assert.deepEqual([names.size, labels.size], [0, 0]);
});

test('what was delivered last can be had back, as one value for all outlets', () => {
  const { project, all } = world();
  assert.equal(all.get?.('n/a'), undefined);
  all.set('n/a', project(bare));
  assert.deepEqual(all.get?.('n/a'), ['a', undefined]);
});
