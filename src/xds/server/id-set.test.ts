import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IdSet } from './id-set.ts';

describe('IdSet', () => {
  test('agrees with a Set over random operations', () => {
    const set = new IdSet();
    const model = new Set<number>();
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    for (let step = 0; step < 20_000; step++) {
      const id = random(700);
      if (random(2) === 0) {
        assert.equal(set.add(id), !model.has(id));
        model.add(id);
      } else {
        assert.equal(set.delete(id), model.delete(id));
      }
      assert.equal(set.size, model.size);
    }
    const seen: number[] = [];
    set.forEach((id) => seen.push(id));
    assert.deepEqual(
      seen,
      [...model].sort((a, b) => a - b),
    );
    for (let id = 0; id < 800; id++) assert.equal(set.has(id), model.has(id));
  });

  test('lets the visitor delete what it is given', () => {
    const set = new IdSet();
    for (const id of [0, 31, 32, 63, 64, 1000]) set.add(id);
    const seen: number[] = [];
    set.forEach((id) => {
      seen.push(id);
      set.delete(id);
    });
    assert.deepEqual(seen, [0, 31, 32, 63, 64, 1000]);
    assert.equal(set.size, 0);
  });

  test('is empty after clear', () => {
    const set = new IdSet();
    set.add(5);
    set.clear();
    assert.equal(set.has(5), false);
    assert.equal(set.size, 0);
  });
});
