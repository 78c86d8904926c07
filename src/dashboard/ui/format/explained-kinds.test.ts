import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainable } from '../../explain.ts';
import { explainedKinds } from './explained-kinds.ts';

test('the page offers every kind that can be explained', () => {
  assert.deepEqual([...explainedKinds].sort(), Object.keys(explainable).sort());
});
