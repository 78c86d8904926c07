import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whileLeading } from './leading.ts';
import { settle, StubLeadership } from './testing.ts';

/** Work that says when it begins and ends, and that takes its time to end. */
function slowWork() {
  const said: string[] = [];
  let release: () => void = () => {};
  const work = async (signal: AbortSignal): Promise<void> => {
    said.push('begins');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    said.push('ends');
  };
  return { said, work, release: () => release() };
}

test('work begins with leadership and ends with it', async () => {
  const leadership = new StubLeadership(false);
  const stop = new AbortController();
  const { said, work, release } = slowWork();
  const run = whileLeading(leadership, stop.signal, work);
  await settle();
  assert.deepEqual(said, []);
  leadership.set(true);
  await settle();
  assert.deepEqual(said, ['begins']);
  leadership.set(false);
  await settle();
  release();
  await settle();
  assert.deepEqual(said, ['begins', 'ends']);
  stop.abort();
  await run;
});

test('a new term waits for the end of the one before', async () => {
  const leadership = new StubLeadership(true);
  const stop = new AbortController();
  const { said, work, release } = slowWork();
  const run = whileLeading(leadership, stop.signal, work);
  await settle();
  leadership.set(false);
  leadership.set(true);
  await settle();
  assert.deepEqual(said, ['begins']);
  release();
  await settle();
  assert.deepEqual(said, ['begins', 'ends', 'begins']);
  stop.abort();
  await settle();
  release();
  await run;
});

test('a term that was over before it began does nothing', async () => {
  const leadership = new StubLeadership(true);
  const stop = new AbortController();
  const { said, work, release } = slowWork();
  const run = whileLeading(leadership, stop.signal, work);
  await settle();
  leadership.set(false);
  leadership.set(true);
  leadership.set(false);
  await settle();
  release();
  await settle();
  assert.deepEqual(said, ['begins', 'ends']);
  stop.abort();
  await run;
});

test('resolves only when the work under way has ended', async () => {
  const leadership = new StubLeadership(true);
  const stop = new AbortController();
  const { said, work, release } = slowWork();
  let over = false;
  const run = whileLeading(leadership, stop.signal, work).then(() => {
    over = true;
  });
  await settle();
  stop.abort();
  await settle();
  assert.equal(over, false);
  release();
  await run;
  assert.deepEqual(said, ['begins', 'ends']);
  leadership.set(true);
  await settle();
  assert.equal(said.length, 2, 'nothing begins afterwards');
});
