/**
 * Reads what a Go test binary writes with `-test.v=test2json`: every line about a test begins with the control
 * character ^V (or follows it where output did not end its line), so that nothing that a test prints is taken for one.
 *
 *   ^V=== RUN   TestConformance/A        ^V=== PAUSE, CONT, NAME  the lines that follow are of this test
 *   ^V    --- FAIL: TestConformance/A/B (1.23s)
 */

export type Outcome = 'pass' | 'fail' | 'skip';

export type TestEvent =
  | { readonly kind: 'run'; readonly test: string }
  | { readonly kind: 'pause'; readonly test: string }
  | { readonly kind: 'continue'; readonly test: string }
  | { readonly kind: 'end'; readonly test: string; readonly outcome: Outcome; readonly seconds: number }
  /** `test` is empty for what belongs to none. */
  | { readonly kind: 'output'; readonly test: string; readonly line: string };

const marker = '\u0016';
const outcomes: Readonly<Record<string, Outcome>> = { PASS: 'pass', FAIL: 'fail', SKIP: 'skip' };

/** A reader of one run's output: called with each line, returns the events in it. */
export function createReader(): (line: string) => readonly TestEvent[] {
  let current = '';
  return (line) => {
    const at = line.indexOf(marker);
    if (at === -1) return [{ kind: 'output', test: current, line }];
    const events: TestEvent[] = [];
    if (at > 0) events.push({ kind: 'output', test: current, line: line.slice(0, at) });
    const event = eventOf(line.slice(at + 1));
    if (event === undefined) return [...events, { kind: 'output', test: current, line: line.slice(at + 1) }];
    current = event.kind === 'pause' ? '' : event.test;
    // A change of the test whose output follows is no event by itself.
    if (event.kind !== 'output') events.push(event);
    return events;
  };
}

function eventOf(line: string): TestEvent | undefined {
  const [, verb, named] = /^=== (RUN|PAUSE|CONT|NAME)\s+(\S*)/.exec(line) ?? [];
  if (verb === 'RUN') return { kind: 'run', test: named ?? '' };
  if (verb === 'PAUSE') return { kind: 'pause', test: named ?? '' };
  if (verb === 'CONT') return { kind: 'continue', test: named ?? '' };
  if (verb === 'NAME') return { kind: 'output', test: named ?? '', line: '' };
  const ended = /^\s*--- (PASS|FAIL|SKIP): (\S+) \((\d+(?:\.\d+)?)s\)/.exec(line);
  const outcome = outcomes[ended?.[1] ?? ''];
  if (ended === null || outcome === undefined) return undefined;
  return { kind: 'end', test: ended[2] ?? '', outcome, seconds: Number(ended[3]) };
}
