import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAge, formatTable } from './output.ts';

test('A table is as wide as its content and has no trailing blanks', () => {
  const columns = [
    { title: 'NAME', value: (row: { name: string; count: number }) => row.name },
    { title: 'COUNT', value: (row: { name: string; count: number }) => row.count },
  ];
  assert.equal(
    formatTable(columns, [
      { name: 'a-long-name', count: 1 },
      { name: 'b', count: 123_456 },
    ]),
    'NAME         COUNT\na-long-name  1\nb            123456',
  );
  assert.equal(formatTable(columns, []), 'NAME  COUNT');
});

test('Ages have the largest unit of which there are at least two', () => {
  const second = 1_000;
  const cases: readonly (readonly [number, string])[] = [
    [-second, '0s'],
    [0, '0s'],
    [119 * second, '119s'],
    [120 * second, '2m'],
    [7_199 * second, '119m'],
    [7_200 * second, '2h'],
    [172_799 * second, '47h'],
    [172_800 * second, '2d'],
  ];
  for (const [durationMs, text] of cases) assert.equal(formatAge(durationMs), text);
});
