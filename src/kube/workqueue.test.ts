import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { silent } from '../base/log.ts';
import { MovableClock } from '../base/movable-clock.ts';
import { collectingLog } from './testing.ts';
import { type ReconcileResult, WorkQueue, type WorkQueueOptions } from './workqueue.ts';

/** One call of reconcile that the test ends when it likes. */
interface Call {
  readonly key: string;
  readonly signal: AbortSignal;
  finish(result?: ReconcileResult): void;
  fail(message: string): void;
}

let clock: MovableClock;
let calls: Call[];
let stop: AbortController;
let running: Promise<void> | undefined;

beforeEach(() => {
  clock = new MovableClock();
  calls = [];
  stop = new AbortController();
  running = undefined;
});

afterEach(async () => {
  stop.abort();
  for (const call of calls) call.finish();
  await running;
});

function queue(options: Partial<WorkQueueOptions> = {}): WorkQueue {
  return new WorkQueue({
    name: 'test',
    log: silent,
    clock,
    reconcile: (key, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<ReconcileResult | undefined>();
      calls.push({ key, signal, finish: resolve, fail: (message) => reject(new Error(message)) });
      return promise;
    },
    ...options,
  });
}

function started(options: Partial<WorkQueueOptions> = {}): WorkQueue {
  const created = queue(options);
  running = created.run(stop.signal);
  return created;
}

/** Lets everything that is ready to run, run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const keys = (): readonly string[] => calls.map(({ key }) => key);
const last = (): Call => {
  const call = calls.at(-1);
  assert.ok(call);
  return call;
};

test('keys are worked on in order, one at a time', async () => {
  const work = started();
  for (const key of ['a', 'b', 'c']) work.add(key);
  assert.deepEqual(keys(), ['a']);
  last().finish();
  await turn();
  assert.deepEqual(keys(), ['a', 'b']);
  last().finish();
  await turn();
  last().finish();
  await work.idle();
  assert.deepEqual(keys(), ['a', 'b', 'c']);
});

test('a key that waits already is not added twice', async () => {
  const work = queue();
  for (const key of ['a', 'b', 'a', 'a']) work.add(key);
  running = work.run(stop.signal);
  last().finish();
  await turn();
  last().finish();
  await work.idle();
  assert.deepEqual(keys(), ['a', 'b']);
});

test('a key added while it is worked on comes once more, and never to two workers at once', async () => {
  const work = started({ concurrency: 4 });
  work.add('a');
  work.add('a');
  work.add('a');
  work.add('b');
  assert.deepEqual(keys(), ['a', 'b']);
  calls[0]?.finish();
  await turn();
  assert.deepEqual(keys(), ['a', 'b', 'a']);
  calls[1]?.finish();
  last().finish();
  await work.idle();
  assert.deepEqual(keys(), ['a', 'b', 'a']);
});

test('no more keys are worked on at once than the concurrency allows', async () => {
  const work = started({ concurrency: 2 });
  for (const key of ['a', 'b', 'c', 'd']) work.add(key);
  assert.deepEqual(keys(), ['a', 'b']);
  calls[1]?.finish();
  await turn();
  assert.deepEqual(keys(), ['a', 'b', 'c']);
});

test('a failure is tried again after a growing delay, which a success resets', async () => {
  const work = started();
  work.add('a');
  let previous = 0;
  for (let failure = 0; failure < 8; failure++) {
    last().fail('not yet');
    await turn();
    const delayMs = clock.untilNext() ?? 0;
    const ceilingMs = 5 * 2 ** failure;
    assert.ok(delayMs >= ceilingMs / 2 && delayMs <= ceilingMs, `${delayMs} ms after failure ${failure}`);
    previous = delayMs;
    clock.advance(delayMs);
  }
  assert.ok(previous > 100);
  last().finish();
  await work.idle();
  work.add('a');
  last().fail('again');
  await turn();
  assert.ok((clock.untilNext() ?? 0) <= 5);
});

test('the delay between failures has an upper bound', async () => {
  const work = started({ backoff: { initialMs: 5, maxMs: 40 } });
  work.add('a');
  for (let failure = 0; failure < 12; failure++) {
    last().fail('never');
    await turn();
    assert.ok((clock.untilNext() ?? 0) <= 40);
    clock.advance(40);
  }
});

test('a failure of one key delays no other', async () => {
  const work = started();
  work.add('a');
  work.add('b');
  last().fail('broken');
  await turn();
  assert.deepEqual(keys(), ['a', 'b']);
});

test('a reconcile that throws at once is a failure like any other, and is logged', async () => {
  const { log, lines } = collectingLog();
  const work = started({
    log,
    reconcile: () => {
      throw new Error('at once');
    },
  });
  work.add('a');
  await turn();
  assert.equal(lines[0]?.message, 'reconcile failed');
  assert.equal(lines[0]?.fields.err, 'at once');
  assert.notEqual(clock.untilNext(), undefined);
});

test('a result can ask for another look later', async () => {
  const work = started();
  work.add('a');
  last().finish({ requeueAfterMs: 60_000 });
  await work.idle();
  clock.advance(59_999);
  assert.deepEqual(keys(), ['a']);
  clock.advance(1);
  assert.deepEqual(keys(), ['a', 'a']);
});

test('of several delays for one key the earliest counts', async () => {
  const work = started();
  work.addAfter('a', 500);
  work.addAfter('a', 100);
  work.addAfter('a', 900);
  clock.advance(100);
  assert.deepEqual(keys(), ['a']);
  last().finish();
  await work.idle();
  clock.advance(10_000);
  assert.deepEqual(keys(), ['a']);
});

test('delays are as long as they were meant, whatever the clock is set to', async () => {
  const work = started();
  work.addAfter('a', 500);
  clock.jump(7_200_000);
  work.addAfter('a', 100);
  clock.jump(-14_400_000);
  work.addAfter('a', 900);
  clock.advance(100);
  assert.deepEqual(keys(), ['a']);
  last().finish();
  await work.idle();
  clock.advance(10_000);
  assert.deepEqual(keys(), ['a']);
});

test('a forgotten key has neither delay nor failures', async () => {
  const work = started();
  work.addAfter('a', 100);
  work.forget('a');
  clock.advance(1_000);
  assert.deepEqual(keys(), []);
});

test('when it stops, what is under way is told, waited for, and taken up by the next run', async () => {
  const work = started();
  work.add('a');
  work.add('b');
  stop.abort();
  assert.ok(last().signal.aborted);
  let ended = false;
  void running?.then(() => {
    ended = true;
  });
  await turn();
  assert.equal(ended, false);
  last().fail('aborted');
  await running;
  assert.deepEqual(keys(), ['a']);

  stop = new AbortController();
  running = work.run(stop.signal);
  await turn();
  last().finish();
  await turn();
  last().finish();
  await work.idle();
  assert.deepEqual(keys().toSorted(), ['a', 'a', 'b']);
});

test('a queue that is stopped before it starts does nothing', async () => {
  const work = queue();
  work.add('a');
  stop.abort();
  await work.run(stop.signal);
  assert.deepEqual(keys(), []);
});

test('a queue cannot run twice at once', async () => {
  const work = started();
  await assert.rejects(work.run(stop.signal), /runs already/);
});
