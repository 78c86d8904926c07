import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepMs, quantile, Tally } from './tally.ts';

function tallyAt(start: number): { tally: Tally; move: (ms: number) => void; add: (sample: object) => void } {
  let nowMs = start;
  const tally = new Tally(() => nowMs);
  return {
    tally,
    move: (ms) => {
      nowMs += ms;
    },
    add: (sample) => tally.add({ atMs: nowMs, service: 'web', version: 'v1', latencyMs: 1, ...sample }),
  };
}

test('calls are counted by service and version, in that order', () => {
  const { tally, add } = tallyAt(100_000);
  add({ version: 'v2' });
  add({});
  add({ service: 'catalog' });
  const lines = tally.report(5).lines.map(({ service, version, calls }) => [service, version, calls]);
  assert.deepEqual(lines, [
    ['catalog', 'v1', 1],
    ['web', 'v1', 1],
    ['web', 'v2', 1],
  ]);
});

test('a report covers its window only, totals cover everything', () => {
  const { tally, add, move } = tallyAt(100_000);
  add({});
  move(6000);
  add({ error: 'gone' });
  assert.equal(tally.report(5).lines[0]?.calls, 1);
  assert.equal(tally.report(10).lines[0]?.calls, 2);
  assert.deepEqual(tally.report(5).totals, { web: { calls: 2, failures: 1, versions: { v1: 2 } } });
});

test('success is the share of calls without an error, and the last error is told', () => {
  const { tally, add } = tallyAt(100_000);
  for (const error of [undefined, 'first', 'last', undefined]) add(error === undefined ? {} : { error });
  const [line] = tally.report(2).lines;
  assert.equal(line?.success, 0.5);
  assert.equal(line?.lastError, 'last');
  assert.equal(line?.perSecond, 2);
});

test('old samples are forgotten, so that memory stays bounded', () => {
  const { tally, add, move } = tallyAt(100_000);
  for (let i = 0; i < 2000; i++) add({});
  move(keepMs + 1);
  for (let i = 0; i < 1024; i++) add({});
  assert.equal(tally.report(keepMs * 2).lines[0]?.calls, 1024);
});

test('quantiles go by nearest rank', () => {
  const list = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(quantile(list, 0.5), 50);
  assert.equal(quantile(list, 0.99), 99);
  assert.equal(quantile([7], 0.5), 7);
  assert.equal(quantile([], 0.5), 0);
});
