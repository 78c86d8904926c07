import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'weft-bootstrap-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs the text as a script under the bootstrap; `lines` are what the script prints. */
function start(script: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.ts`);
  writeFileSync(path, script);
  const bootstrap = join(import.meta.dirname, 'bootstrap.mjs');
  const child = spawn(process.execPath, [bootstrap, path, 'first', 'second'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

const patient = `
let signals = 0;
process.on('SIGINT', () => { signals += 1; setTimeout(() => { console.log(signals); process.exit(3); }, 200); });
console.log(process.pid);
setInterval(() => {}, 1000);
`;

test('arguments reach the script and its exit code comes back', async () => {
  const { child, lines } = start(`console.log(process.argv.slice(2).join(' ')); process.exit(7);`);
  assert.equal((await lines.next()).value, 'first second');
  assert.deepEqual(await once(child, 'exit'), [7, null]);
});

test('a script that dies of a signal takes the bootstrap with it by the same signal', async () => {
  const { child } = start(`process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`);
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM']);
});

test('a signal that arrives twice at once reaches the script once', async () => {
  const { child, lines } = start(patient);
  await lines.next();
  child.kill('SIGINT');
  child.kill('SIGINT');
  assert.equal((await lines.next()).value, '1');
  assert.deepEqual(await once(child, 'exit'), [3, null]);
});

test('the script ends when the bootstrap is killed', { skip: process.platform !== 'linux' }, async () => {
  const { child, lines } = start(`
process.on('SIGTERM', () => { console.log('told'); process.exit(); });
console.log('up');
setInterval(() => {}, 1000);
`);
  await lines.next();
  child.kill('SIGKILL');
  assert.equal((await lines.next()).value, 'told');
});

test('the script ends when npm is killed above the shell it was run by', {
  skip: process.platform !== 'linux',
}, async () => {
  const path = join(folder, 'killed.ts');
  writeFileSync(
    path,
    `process.on('SIGTERM', () => { console.log('told'); process.exit(); });
console.log('up');
setInterval(() => {}, 1000);`,
  );
  const shell = `'${process.execPath}' '${join(import.meta.dirname, 'bootstrap.mjs')}' '${path}'; true`;
  const npm = spawn('sh', ['-c', `sh -c "$COMMAND"; true`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, COMMAND: shell, npm_lifecycle_event: 'start' },
  });
  const lines = createInterface({ input: npm.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'up');
  npm.kill('SIGKILL');
  assert.equal((await lines.next()).value, 'told');
});

/** A project of its own with an npm that does what `npmScript` says and counts its runs in the file `npm-runs`. */
function project(npmScript: string): { root: string; run: () => { status: number | null; output: string } } {
  const root = mkdtempSync(join(folder, 'project-'));
  mkdirSync(join(root, 'dev'));
  copyFileSync(join(import.meta.dirname, 'bootstrap.mjs'), join(root, 'dev', 'bootstrap.mjs'));
  writeFileSync(
    join(root, 'package-lock.json'),
    '{"packages": {"": {}, "node_modules/a": {"version": "1.0.0"}}}',
  );
  writeFileSync(join(root, 'script.ts'), `const word: string = 'ran'; console.log(word);`);
  const count = `import { appendFileSync, mkdirSync } from 'node:fs'; appendFileSync('npm-runs', 'x');`;
  writeFileSync(join(root, 'npm-cli.js'), `${count} ${npmScript}`);
  writeFileSync(join(root, 'package.json'), '{"type": "module"}');
  const run = (): { status: number | null; output: string } => {
    const argv = [join(root, 'dev', 'bootstrap.mjs'), 'script.ts'];
    const env = { ...process.env, npm_execpath: join(root, 'npm-cli.js') };
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
      encoding: 'utf8',
      env,
      cwd: root,
    });
    return { status, output: stderr + stdout };
  };
  return { root, run };
}

test('packages are installed when they are absent and again when the lockfile changes, not otherwise', () => {
  const { root, run } = project(`mkdirSync('node_modules/a', { recursive: true });`);
  const runs = (): number => readFileSync(join(root, 'npm-runs'), 'utf8').length;
  assert.match(run().output, /installing the packages.*ran\n/s);
  assert.equal(runs(), 1);
  assert.equal(run().output, 'ran\n');
  assert.equal(runs(), 1);
  writeFileSync(
    join(root, 'package-lock.json'),
    '{"packages": {"": {}, "node_modules/a": {"version": "2.0.0"}}}',
  );
  assert.equal(run().status, 0);
  assert.equal(runs(), 2);
});

test('what a developer installed by hand from the same lockfile is not installed again', () => {
  const { root, run } = project('');
  mkdirSync(join(root, 'node_modules', 'a'), { recursive: true });
  copyFileSync(join(root, 'package-lock.json'), join(root, 'node_modules', '.package-lock.json'));
  assert.equal(run().output, 'ran\n');
  assert.equal(existsSync(join(root, 'npm-runs')), false);
});

test('an installation that fails for want of a network says so and runs nothing', () => {
  const { run } = project(`console.error('npm error code ENOTFOUND'); process.exit(1);`);
  const { status, output } = run();
  assert.equal(status, 1);
  assert.match(output, /registry cannot be reached/);
  assert.doesNotMatch(output, /ran/);
});

test('npm ci accepts the lockfile: it has an entry for every package that an entry asks for', () => {
  // npm writes no entry for a platform's package that the registry it is run against does not have; where another
  // registry has it, or npm looks closely, npm ci then refuses the whole lockfile. Remedy: remove the name.
  const text = readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const isThere = (from: string, name: string): boolean => {
    if (`${from === '' ? '' : `${from}/`}node_modules/${name}` in packages) return true;
    if (from === '') return false;
    const above = from.lastIndexOf('/node_modules/');
    return isThere(above === -1 ? '' : from.slice(0, above), name);
  };
  const absent = Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isThere(from, name)),
  );
  assert.deepEqual(absent, []);
});
