import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Polled, startPoll } from './poll.ts';

/** A poll whose time and answers the test gives. */
function harness() {
  const told: Polled<string>[] = [];
  const questions: { resolve(value: string): void; reject(error: unknown): void; signal: AbortSignal }[] = [];
  let due: { what: () => void; delayMs: number } | undefined;
  let resting = false;
  const poll = startPoll<string>({
    ask: (signal) =>
      new Promise((resolve, reject) => {
        questions.push({ resolve, reject, signal });
      }),
    intervalMs: 5000,
    resting: () => resting,
    tell: (state) => told.push(state),
    nowMs: () => 42,
    schedule: (what, delayMs) => {
      due = { what, delayMs };
      return () => {
        due = undefined;
      };
    },
  });
  return {
    told,
    questions,
    poll,
    rest: (value: boolean) => {
      resting = value;
    },
    due: () => due,
    pass: () => {
      const what = due?.what;
      due = undefined;
      what?.();
    },
    settle: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

test('it asks at once, and again one interval after the answer', async () => {
  const { told, questions, due, pass, settle } = harness();
  assert.equal(questions.length, 1);
  assert.equal(due(), undefined);
  questions[0]?.resolve('a');
  await settle();
  assert.deepEqual(told.at(-1), { data: 'a', atMs: 42, loading: false });
  assert.equal(due()?.delayMs, 5000);
  pass();
  assert.equal(questions.length, 2);
});

test('a failure keeps what was known, and success forgets the failure', async () => {
  const { told, questions, pass, settle } = harness();
  questions[0]?.resolve('a');
  await settle();
  pass();
  questions[1]?.reject(new Error('gone'));
  await settle();
  assert.equal(told.at(-1)?.data, 'a');
  assert.equal((told.at(-1)?.problem as Error | undefined)?.message, 'gone');
  pass();
  questions[2]?.resolve('b');
  await settle();
  assert.deepEqual(told.at(-1), { data: 'b', atMs: 42, loading: false });
});

test('while resting nothing is asked, but a refresh by hand is', async () => {
  const { questions, rest, pass, poll, settle } = harness();
  questions[0]?.resolve('a');
  await settle();
  rest(true);
  pass();
  pass();
  assert.equal(questions.length, 1);
  poll.refresh();
  assert.equal(questions.length, 2);
});

test('a refresh gives up the question under way, whose late answer is not told', async () => {
  const { told, questions, poll, settle } = harness();
  poll.refresh();
  assert.equal(questions[0]?.signal.aborted, true);
  questions[1]?.resolve('new');
  questions[0]?.resolve('old');
  await settle();
  assert.equal(told.at(-1)?.data, 'new');
});

test('after its end nothing is asked or told', async () => {
  const { told, questions, poll, due, settle } = harness();
  const before = told.length;
  poll.end();
  questions[0]?.resolve('a');
  await settle();
  assert.equal(told.length, before);
  assert.equal(due(), undefined);
});
