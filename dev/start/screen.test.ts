import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from './figures.ts';
import { createScreen, renderView, type View } from './screen.ts';

const row: Row = {
  service: 'catalog',
  version: 'v1',
  perSecond: 20.04,
  success: 1,
  p50Ms: 1.26,
  p99Ms: 12.4,
  calls: 100,
  pods: 1,
  connections: { established: 4, mutualTLS: 4 },
  plainInbound: 0,
};
const view: View = {
  title: 'Watch.',
  rows: [
    row,
    { ...row, version: 'v2', calls: 0, perSecond: 0, connections: { established: 0, mutualTLS: 0 } },
  ],
  routeStatus: 'In force on 2 of 2 proxies.',
};

function record(isTTY: boolean): {
  readonly written: string[];
  readonly output: Parameters<typeof createScreen>[0];
} {
  const written: string[] = [];
  return { written, output: { isTTY, columns: 60, write: (text) => written.push(text) } };
}

test('the table shows rates, success, latencies and mutual TLS of each version', () => {
  assert.deepEqual(
    renderView(view),
    [
      'Watch.',
      '',
      'SERVICE  VERSION  CALLS/S  SUCCESS      P50      P99          MUTUAL TLS',
      'catalog  v1          20.0    100 %   1.3 ms    12 ms               all 4',
      'catalog  v2           0.0                                  no connection',
      '',
      'catalog  v1 100 % [########################################]   0 % v2',
      'route    In force on 2 of 2 proxies.',
    ].map((line) => line),
  );
});

test('plain connections and errors are told', () => {
  const rows = [{ ...row, connections: { established: 4, mutualTLS: 3 }, lastError: 'reset' }];
  const lines = renderView({ ...view, rows, routeStatus: undefined });
  assert.match(lines[3] ?? '', /3 of 4$/);
  assert.equal(lines.at(-1), 'catalog: reset');
});

test('on a terminal the table is drawn over the one before, cut to its width', () => {
  const { written, output } = record(true);
  const screen = createScreen(output, () => 0);
  screen.show(view);
  screen.show(view);
  assert.equal(written[1], '\x1b[8A\x1b[J');
  assert.ok((written[2] ?? '').split('\n').every((line) => line.length < 60));
});

test('what is said stays above the table', () => {
  const { written, output } = record(true);
  const screen = createScreen(output, () => 0);
  screen.show(view);
  screen.say('ok');
  screen.show(view);
  assert.deepEqual(written.slice(1, 3), ['\x1b[8A\x1b[J', 'ok\n']);
  assert.ok(!(written[3] ?? '').startsWith('\x1b'));
});

test('elsewhere the table is written every few seconds, without control characters', () => {
  const { written, output } = record(false);
  let nowMs = 0;
  const screen = createScreen(output, () => nowMs);
  screen.show(view);
  screen.show(view);
  assert.equal(written.length, 1);
  nowMs = 5000;
  screen.show(view);
  assert.equal(written.length, 2);
  assert.ok(!written.join('').includes('\x1b'));
});
