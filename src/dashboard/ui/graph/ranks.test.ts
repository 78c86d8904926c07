import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ranksOf } from './ranks.ts';

const link = (source: string, target: string) => ({ source, target });

test('callers come before what they call, the longest way counts', () => {
  const ranks = ranksOf(['c', 'b', 'a'], [link('a', 'b'), link('b', 'c'), link('a', 'c')]);
  assert.deepEqual([...ranks].sort(), [
    ['a', 0],
    ['b', 1],
    ['c', 2],
  ]);
});

test('a circle is opened where most calls leave it', () => {
  const ranks = ranksOf(['a', 'b', 'c'], [link('a', 'b'), link('b', 'a'), link('b', 'c')]);
  assert.equal(ranks.get('b'), 0);
  assert.equal(ranks.get('a'), 1);
});

test('who talks to nobody is a caller of nothing', () => {
  assert.deepEqual(
    [...ranksOf(['x', 'y'], [])],
    [
      ['x', 0],
      ['y', 0],
    ],
  );
});
