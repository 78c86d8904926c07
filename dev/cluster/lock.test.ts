import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { withLock } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'weft-lock-'));
const skip = process.platform === 'linux' ? false : 'flock is part of Linux';
after(() => rmSync(folder, { recursive: true }));

test('two holders of a lock never work at the same time', { skip }, async () => {
  let inside = 0;
  let most = 0;
  const work = (): Promise<void> =>
    withLock(join(folder, 'a'), async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    });
  await Promise.all([work(), work(), work()]);
  assert.equal(most, 1);
});

test('a lock is free once its holder is killed', { skip }, async () => {
  const path = join(folder, 'b');
  const script = `
    import { withLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
    await withLock(${JSON.stringify(path)}, async () => { console.log('held'); await new Promise(() => setInterval(() => {}, 1000)); });
  `;
  const argv = ['--input-type=module', '--eval', script];
  const holder = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');
  assert.equal(await withLock(path, () => Promise.resolve('taken')), 'taken');
});

test('a lock is free after work that failed', { skip }, async () => {
  const path = join(folder, 'c');
  await assert.rejects(
    withLock(path, () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await withLock(path, () => Promise.resolve('taken')), 'taken');
});
