import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReader, type TestEvent } from './events.ts';

function readAll(lines: readonly string[]): readonly TestEvent[] {
  const read = createReader();
  return lines.flatMap((line) => read(line));
}

test('reads the beginning, the end and the output of a test', () => {
  const events = readAll([
    '\u0016=== RUN   TestConformance/MeshBasic',
    '    mesh-basic.go:40: Got resp',
    '\u0016    --- PASS: TestConformance/MeshBasic (1.25s)',
  ]);
  assert.deepEqual(events, [
    { kind: 'run', test: 'TestConformance/MeshBasic' },
    { kind: 'output', test: 'TestConformance/MeshBasic', line: '    mesh-basic.go:40: Got resp' },
    { kind: 'end', test: 'TestConformance/MeshBasic', outcome: 'pass', seconds: 1.25 },
  ]);
});

test('gives the output of parallel tests to the one it was announced for', () => {
  const events = readAll([
    '\u0016=== RUN   T/A',
    '\u0016=== PAUSE T/A',
    'of nobody',
    '\u0016=== CONT  T/A',
    'of A',
    '\u0016=== NAME  T/B',
    'of B',
  ]);
  const output = events.filter((event) => event.kind === 'output');
  assert.deepEqual(
    output.map(({ test: name, line }) => [name, line]),
    [
      ['', 'of nobody'],
      ['T/A', 'of A'],
      ['T/B', 'of B'],
    ],
  );
});

test('does not take what a test prints for the end of one', () => {
  const [event] = readAll(['--- FAIL: TestConformance/MeshBasic (0.00s)']);
  assert.equal(event?.kind, 'output');
});

test('reads a marker behind output that did not end its line', () => {
  const events = readAll(['\u0016=== RUN   T/A', 'unfinished\u0016--- FAIL: T/A (0.50s)']);
  assert.deepEqual(events.slice(1), [
    { kind: 'output', test: 'T/A', line: 'unfinished' },
    { kind: 'end', test: 'T/A', outcome: 'fail', seconds: 0.5 },
  ]);
});
