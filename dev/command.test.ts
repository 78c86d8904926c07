import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CommandError, run, tryRun, withProgress } from './command.ts';

test('a program gets its input, and its output comes back', async () => {
  assert.equal(await run(['cat'], { input: 'hello' }), 'hello');
});

test('a program that fails is told with its exit code and its last words', async () => {
  await assert.rejects(run(['sh', '-c', 'echo why >&2; exit 4']), (error: CommandError) => {
    assert.ok(error instanceof CommandError);
    assert.match(error.message, /exit code 4/);
    assert.match(error.message, /why/);
    return true;
  });
});

test('a program that is not there is exit code 127', async () => {
  assert.deepEqual(await tryRun(['weft-no-such-program']), {
    code: 127,
    stdout: '',
    stderr: 'weft-no-such-program: not found',
  });
});

test('an aborted program ends', async () => {
  const result = await tryRun(['sleep', '1000'], { signal: AbortSignal.timeout(20) });
  assert.notEqual(result.code, 0);
});

test('quick work says nothing', async () => {
  const lines: string[] = [];
  assert.equal(
    await withProgress(
      (line) => lines.push(line),
      'working',
      () => Promise.resolve(1),
    ),
    1,
  );
  assert.deepEqual(lines, []);
});

test('slow work is told after two seconds, then every five, then its end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const lines: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const working = withProgress(
    (line) => lines.push(line),
    'working',
    () => promise,
    () => 'half',
  );
  t.mock.timers.tick(2_000);
  t.mock.timers.tick(3_000);
  resolve();
  await working;
  assert.deepEqual(lines, ['working ...', 'working: 5 s, half', 'working: done in 5 s']);
});

test('a program that still runs ends with the process that ran it', async () => {
  const script = `
    import { run } from ${JSON.stringify(join(import.meta.dirname, 'command.ts'))};
    void run(['sh', '-c', 'echo $$ >&2; exec sleep 1000'], { onErrorLine: (line) => { console.log(line); process.exit(); } });
  `;
  const argv = [process.execPath, '--input-type=module', '--eval', script];
  const pid = Number(await run(argv));
  assert.ok(pid > 0);
  while (existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 10));
});
