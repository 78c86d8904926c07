import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Supervisor } from './supervisor.ts';

/** A supervisor whose component writes a line each time it starts; `starts` resolves once it has done so `count` times. */
function supervise(t: TestContext): {
  supervisor: Supervisor;
  said: string[];
  starts: (count: number) => Promise<void>;
} {
  const folder = mkdtempSync(join(tmpdir(), 'weft-supervisor-'));
  const said: string[] = [];
  const supervisor = new Supervisor({
    prefix: [],
    logDirectory: folder,
    environment: process.env,
    log: (line) => said.push(line),
    signal: new AbortController().signal,
  });
  t.after(async () => {
    await supervisor.end();
    rmSync(folder, { recursive: true });
  });
  const starts = async (count: number): Promise<void> => {
    while (readFileSync(join(folder, 'one.log'), 'utf8').split('\n').length - 1 < count) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { supervisor, said, starts };
}

test('a component that ends by itself is started again, and that is told', async (t) => {
  const { supervisor, said, starts } = supervise(t);
  supervisor.start('one', ['sh', '-c', 'echo start; exit 3']);
  await starts(2);
  assert.match(said[0] ?? '', /^one ended \(exit code 3\); starting it again/);
});

test('a restart brings one new process and is not taken for a failure', async (t) => {
  const { supervisor, said, starts } = supervise(t);
  supervisor.start('one', ['sh', '-c', 'echo start; exec sleep 1000']);
  await starts(1);
  await supervisor.restart('one');
  await starts(2);
  assert.deepEqual(said, []);
});

test('a component that is not there is named with those that are', async (t) => {
  const { supervisor } = supervise(t);
  supervisor.start('one', ['sleep', '1000']);
  await assert.rejects(supervisor.restart('two'), /no component two; there are one/);
});
