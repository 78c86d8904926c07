import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestEvent } from './events.ts';
import { condense, countsOf, failureTexts, Results, resultTable } from './results.ts';

function end(name: string, outcome: 'pass' | 'fail' | 'skip', seconds = 1): TestEvent {
  return { kind: 'end', test: `TestConformance/${name}`, outcome, seconds };
}

function output(name: string, line: string): TestEvent {
  return { kind: 'output', test: `TestConformance/${name}`, line };
}

function collect(events: readonly TestEvent[]): Results {
  const results = new Results();
  for (const event of events) results.add(event);
  return results;
}

test('a test counts once, whatever its parts', () => {
  const { all } = collect([end('A/one', 'pass'), end('A/two', 'fail'), end('A', 'fail'), end('B', 'pass')]);
  assert.deepEqual(countsOf(all), { passed: 1, failed: 1, skipped: 0 });
});

test('a failed test is told with its last lines, those of its parts among them, and the parts that failed', () => {
  const { all } = collect([
    output('A/one', 'wanted 200, got 404'),
    end('A/one', 'fail'),
    output('A', 'Deleting route'),
    end('A', 'fail'),
  ]);
  assert.deepEqual(failureTexts(all), [
    'FAIL A\n     wanted 200, got 404\n     Deleting route\n     failed part: one',
  ]);
});

test('a passed test keeps no lines', () => {
  const { all } = collect([output('A', 'noise'), end('A', 'pass')]);
  assert.deepEqual(all[0]?.lastLines, []);
});

test('the end of the whole suite is no test of it', () => {
  const results = collect([{ kind: 'end', test: 'TestConformance', outcome: 'fail', seconds: 9 }]);
  assert.deepEqual(results.all, []);
});

test('what the suite says outside of its tests is kept for when it fails to begin', () => {
  const results = collect([{ kind: 'output', test: 'TestConformance', line: 'no GatewayClass' }]);
  assert.deepEqual(results.suiteLines, ['no GatewayClass']);
});

test('the table has the slowest first, and those skipped for one reason together', () => {
  const { all } = collect([
    end('Quick', 'pass', 0.5),
    end('Slow', 'fail', 12),
    output('X', '    conformance.go:60: Skipping X: suite does not support Gateway'),
    end('X', 'skip'),
    output('Y', '    conformance.go:60: Skipping Y: suite does not support Gateway'),
    end('Y', 'skip'),
  ]);
  assert.deepEqual(resultTable(all).split('\n'), [
    'FAIL    12.0 s  Slow',
    'ok       0.5 s  Quick',
    'skip   2 tests: suite does not support Gateway',
  ]);
});

test('what was tried again and again is told once, as it was the last time, and long lines by their ends', () => {
  const lines = [
    '    http.go:325: 2026-11-21T14:57:45.07Z: wanted 200, got 404 (after 1.0s)',
    '    http.go:325: 2026-11-21T14:57:46.09Z: wanted 200, got 404 (after 2.0s)',
    `    http.go:306: begin ${'x'.repeat(500)} end`,
  ];
  const [repeated, long = '', ...more] = condense(lines);
  assert.equal(repeated, 'http.go:325: wanted 200, got 404 (after 2.0s)');
  assert.ok(long.startsWith('http.go:306: begin') && long.endsWith('end') && long.length < 400);
  assert.deepEqual(more, []);
});
