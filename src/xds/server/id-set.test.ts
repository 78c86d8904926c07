import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IdSet } from './id-set.ts';

describe('IdSet', () => {
  for (const share of [2, 8])
    test(`agrees with a Set over random operations, one in ${share} of them an addition`, () => {
      const set = new IdSet();
      const model = new Set<number>();
      let seed = 7;
      const random = (below: number): number => {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        return Math.floor((seed / 2147483648) * below);
      };
      for (let step = 0; step < 20_000; step++) {
        const id = random(700);
        if (random(share) === 0) {
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

  for (const count of [6, 60]) {
    test(`lets the visitor delete what it is given, of ${count}`, () => {
      const ids = Array.from({ length: count }, (_, index) => index * 31);
      for (const keep of [0, 3]) {
        const set = new IdSet();
        for (const id of ids) set.add(id);
        const seen: number[] = [];
        set.forEach((id) => {
          seen.push(id);
          if (keep === 0 || id % keep !== 0) set.delete(id);
        });
        assert.deepEqual(seen, ids);
        assert.equal(set.size, keep === 0 ? 0 : ids.filter((id) => id % keep === 0).length);
      }
    });
  }

  test('is empty after clear', () => {
    const set = new IdSet();
    set.add(5);
    set.clear();
    assert.equal(set.has(5), false);
    assert.equal(set.size, 0);
  });
});
