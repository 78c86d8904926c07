import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, partOf } from './covers.ts';

test('what only the cluster has does not count, what is wanted does', () => {
  const current = { spec: { a: 1, list: [{ name: 'x', defaulted: true }], defaulted: 'y' } };
  assert.ok(covers(current, { spec: { a: 1, list: [{ name: 'x' }] } }));
  assert.ok(covers(current, { spec: { a: 1, absent: undefined } }));
  assert.ok(!covers(current, { spec: { a: 2 } }));
  assert.ok(!covers(current, { spec: { b: 1 } }));
  assert.ok(!covers(undefined, { spec: {} }));
  assert.ok(!covers({ spec: 'text' }, { spec: {} }));
});

test('lists are equal item by item', () => {
  assert.ok(!covers([1, 2, 3], [1, 2]));
  assert.ok(!covers([2, 1], [1, 2]));
  assert.ok(!covers({ 0: 1 }, [1]));
  assert.ok(covers([], []));
});

test('of an answer only the part that was asked for is kept, in the words of the answer', () => {
  const answer = {
    cpu: '1',
    replicas: 1,
    ports: [{ port: 80, protocol: 'TCP' }, { port: 81 }],
    own: { a: 1 },
  };
  const wanted = { cpu: '1000m', ports: [{ port: 80 }, { port: 81, name: 'x' }] };
  assert.deepEqual(partOf(answer, wanted), {
    cpu: '1',
    ports: [{ port: 80 }, { port: 81, name: undefined }],
  });
});
