/** What a run of the suite came to: one entry for each of its tests, and the tables that are printed of them. */

import type { Outcome, TestEvent } from './events.ts';

export interface TestResult {
  readonly name: string;
  readonly outcome: Outcome;
  /** Without the time that a parallel test waited for its turn. */
  readonly seconds: number;
  /** Of a failed test: its own last lines and those of its failed parts, the oldest first. */
  readonly lastLines: readonly string[];
  /** Of a skipped test: the reason it gave. */
  readonly reason: string;
}

const keptLines = 400;
const toldLines = 25;
const root = 'TestConformance';

export class Results {
  readonly #lines = new Map<string, string[]>();
  readonly #failedParts = new Map<string, string[]>();
  readonly #results: TestResult[] = [];
  /** Lines of the suite itself: its preparation and its end. */
  readonly #own: string[] = [];

  /** Takes an event; answers the result that it completes, if any. */
  add(event: TestEvent): TestResult | undefined {
    const name = suiteTest('test' in event ? event.test : '');
    if (event.kind === 'output') this.#keep(name, event.line);
    if (event.kind !== 'end' || name === undefined) return undefined;
    const isPart = event.test !== `${root}/${name}`;
    if (isPart && event.outcome === 'fail') {
      const parts = this.#failedParts.get(name) ?? [];
      this.#failedParts.set(name, [...parts, event.test.slice(root.length + name.length + 2)]);
    }
    return isPart ? undefined : this.#end(name, event.outcome, event.seconds);
  }

  /** In the order in which they ended. */
  get all(): readonly TestResult[] {
    return this.#results;
  }

  /** What the suite said outside of its tests, the last lines of it. */
  get suiteLines(): readonly string[] {
    return this.#own.slice(-toldLines);
  }

  #keep(name: string | undefined, line: string): void {
    const lines = name === undefined ? this.#own : (this.#lines.get(name) ?? []);
    if (name !== undefined) this.#lines.set(name, lines);
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
  }

  #end(name: string, outcome: Outcome, seconds: number): TestResult {
    const lines = (this.#lines.get(name) ?? []).filter((line) => line.trim() !== '');
    const parts = (this.#failedParts.get(name) ?? []).map((part) => `failed part: ${part}`);
    const result: TestResult = {
      name,
      outcome,
      seconds,
      lastLines: outcome === 'fail' ? [...condense(lines).slice(-toldLines), ...parts] : [],
      reason: outcome === 'skip' ? (lines.at(-1) ?? '').replace(/^\s*\S+\.go:\d+: /, '') : '',
    };
    this.#lines.delete(name);
    this.#failedParts.delete(name);
    this.#results.push(result);
    return result;
  }
}

/** The suite tries everything again until it works: of lines that differ in numbers only the last is kept, and of a long one both ends. */
export function condense(lines: readonly string[]): readonly string[] {
  const last = new Map<string, string>();
  for (const line of lines) {
    const text = line.trim().replace(/: \d{4}-\d\d-\d\dT\S+Z: /, ': ');
    const pattern = text.replaceAll(/\d+/g, '0');
    last.delete(pattern);
    last.set(pattern, text.length > 400 ? `${text.slice(0, 120)} ... ${text.slice(-260)}` : text);
  }
  return [...last.values()];
}

/** `TestConformance/HTTPRouteWeight/part` -> `HTTPRouteWeight`; nothing for the suite itself. */
function suiteTest(test: string): string | undefined {
  const [first, name] = test.split('/');
  return first === root && name !== undefined && name !== '' ? name : undefined;
}

/** The tests that ran, the slowest first, then why others were skipped. */
export function resultTable(results: readonly TestResult[]): string {
  const ran = results.filter(({ outcome }) => outcome !== 'skip').sort((a, b) => b.seconds - a.seconds);
  const lines = ran.map(({ name, outcome, seconds }) => {
    return `${outcome === 'pass' ? 'ok  ' : 'FAIL'} ${seconds.toFixed(1).padStart(7)} s  ${name}`;
  });
  const skipped = results.filter(({ outcome }) => outcome === 'skip');
  for (const [reason, names] of Map.groupBy(skipped, ({ name, reason }) => reason.split(`${name}: `).pop()))
    lines.push(`skip ${String(names.length).padStart(3)} tests: ${reason}`);
  return lines.join('\n');
}

/** Every failed test with its last words. */
export function failureTexts(results: readonly TestResult[]): readonly string[] {
  return results
    .filter(({ outcome }) => outcome === 'fail')
    .map(({ name, lastLines }) => `FAIL ${name}\n${lastLines.map((line) => `     ${line}`).join('\n')}`);
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function countsOf(results: readonly TestResult[]): Counts {
  const count = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length;
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') };
}
