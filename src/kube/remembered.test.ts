import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { Remembered } from './remembered.ts';

test('no more answers are kept than may be; the oldest goes first', async () => {
  const remembered = new Remembered<string>({ clock: new MovableClock(), forMs: 1_000, most: 2 });
  const asked: string[] = [];
  const get = (key: string) =>
    remembered.get(key, () => {
      asked.push(key);
      return Promise.resolve(key);
    });
  for (const key of ['a', 'b', 'c', 'b', 'c', 'a']) assert.equal(await get(key), key);
  assert.deepEqual(asked, ['a', 'b', 'c', 'a']);
});
