import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowed, isSelected, readNamespaces } from './selectors.ts';

test('a label selector means what Kubernetes says it means', () => {
  const labels = { team: 'a', stage: 'prod' };
  const one = (operator: string, key: string, values: readonly string[] = []) =>
    isSelected(labels, { matchExpressions: [{ key, operator, values }] });
  assert.equal(isSelected(labels, {}), true);
  assert.equal(isSelected(labels, { matchLabels: { team: 'a', stage: 'prod' } }), true);
  assert.equal(isSelected(labels, { matchLabels: { team: 'a', stage: 'dev' } }), false);
  assert.equal(one('In', 'team', ['a', 'b']), true);
  assert.equal(one('In', 'other', ['a']), false);
  assert.equal(one('NotIn', 'team', ['b']), true);
  assert.equal(one('NotIn', 'team', ['a']), false);
  assert.equal(one('NotIn', 'other', ['a']), true);
  assert.equal(one('Exists', 'team'), true);
  assert.equal(one('Exists', 'other'), false);
  assert.equal(one('DoesNotExist', 'other'), true);
  assert.equal(one('DoesNotExist', 'team'), false);
  assert.equal(one('Gt', 'team', ['1']), false);
  assert.equal(
    isSelected(labels, {
      matchLabels: { team: 'a' },
      matchExpressions: [
        { key: 'stage', operator: 'Exists' },
        { key: 'x', operator: 'Exists' },
      ],
    }),
    false,
  );
});

test('a label that nobody wrote is none, whatever every object has', () => {
  assert.equal(isSelected({}, { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }), false);
});

test('what is not written is Same for routes and None for ListenerSets', () => {
  assert.deepEqual(readNamespaces(undefined, 'edge', 'Same'), { from: 'Only', namespace: 'edge' });
  assert.deepEqual(readNamespaces({}, 'edge', 'None'), { from: 'None' });
});

test('a selector that is missing, or a word that is not known, lets nobody in', () => {
  assert.deepEqual(readNamespaces({ from: 'Selector' }, 'edge', 'Same'), { from: 'None' });
  assert.deepEqual(readNamespaces({ from: 'Everywhere' }, 'edge', 'Same'), { from: 'None' });
});

test('a namespace that is not known has no labels', () => {
  const selector = { matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] };
  assert.equal(
    isAllowed({ from: 'Selector', selector }, 'gone', () => undefined),
    true,
  );
  assert.equal(
    isAllowed({ from: 'Selector', selector: { matchLabels: { x: 'y' } } }, 'gone', () => undefined),
    false,
  );
});
