import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrange, parseSort } from './arrange.ts';

interface Row {
  readonly name: string;
  readonly rate?: number;
}

const rows: readonly Row[] = [{ name: 'web-10', rate: 1 }, { name: 'web-9' }, { name: 'cart', rate: 7 }];
const names = (found: readonly Row[]) => found.map((row) => row.name);
const plain = { search: '', textOf: (row: Row) => row.name, sorter: undefined, isDescending: false };

test('without a choice rows stay in the order of the answer', () => {
  assert.deepEqual(names(arrange(rows, plain)), ['web-10', 'web-9', 'cart']);
});

test('every word of a search must match, in any case', () => {
  assert.deepEqual(names(arrange(rows, { ...plain, search: ' WEB 9' })), ['web-9']);
});

test('numbers in names count as numbers', () => {
  const sorter = (row: Row) => row.name;
  assert.deepEqual(names(arrange(rows, { ...plain, sorter })), ['cart', 'web-9', 'web-10']);
});

test('what has no value comes last in both directions', () => {
  const sorter = (row: Row) => row.rate;
  assert.deepEqual(names(arrange(rows, { ...plain, sorter })), ['web-10', 'cart', 'web-9']);
  assert.deepEqual(names(arrange(rows, { ...plain, sorter, isDescending: true })), [
    'cart',
    'web-10',
    'web-9',
  ]);
});

test('the rows of the answer are left as they are', () => {
  const before = [...rows];
  arrange(rows, { ...plain, sorter: (row) => row.name });
  assert.deepEqual(rows, before);
});

test('a minus in front sorts downwards', () => {
  assert.deepEqual(parseSort('-rate'), { id: 'rate', isDescending: true });
  assert.deepEqual(parseSort('rate'), { id: 'rate', isDescending: false });
});
