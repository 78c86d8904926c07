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

test('an answer is kept for as long as it may be, whatever the clock is set to', async () => {
  const clock = new MovableClock();
  const remembered = new Remembered<number>({ clock, forMs: 1_000, most: 2 });
  let asked = 0;
  const get = (): Promise<number> => remembered.get('a', () => Promise.resolve(++asked));
  await get();
  clock.jump(7_200_000);
  clock.advance(999);
  assert.equal(await get(), 1);
  clock.jump(-14_400_000);
  clock.advance(1);
  assert.equal(await get(), 2);
});
