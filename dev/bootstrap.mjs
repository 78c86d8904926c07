/**
 * What every npm script of this project starts with, on any Node from 20 on and with nothing installed: brings the
 * packages of package-lock.json (and with them the pinned Node) where they are absent or stale, then runs a script
 * with that Node as if it were the script: same input and output, same exit code, signals passed on once.
 *
 *   node dev/bootstrap.mjs SCRIPT.ts [ARGUMENT ...]
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const lockfile = join(root, 'package-lock.json');
/** Holds the hash of the lockfile that node_modules was installed from. */
const marker = join(modules, '.weft-lockfile-hash');
const installLock = join(root, '.weft', 'installing');

/** Ends with one sentence: what is missing and what to do. */
function refuse(sentence) {
  console.error(`weft: ${sentence}`);
  process.exit(1);
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function lockfileHash() {
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex');
}

/**
 * Whether npm itself installed what the lockfile says (npm keeps its own copy inside node_modules): so a developer's
 * `npm install` is not repeated. Packages for other platforms are in the one and not in the other.
 */
function isInstalled() {
  const wanted = JSON.parse(readFileSync(lockfile, 'utf8')).packages;
  const present = JSON.parse(read(join(modules, '.package-lock.json')) ?? '{}').packages ?? {};
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    if (present[path] === undefined) return entry.optional === true;
    return present[path].version === entry.version && existsSync(join(root, path));
  });
}

function isFresh() {
  return read(marker) === lockfileHash();
}

async function install() {
  await enterInstallation();
  try {
    if (isFresh()) return;
    if (!isInstalled()) await runNpm();
    writeFileSync(marker, lockfileHash());
  } finally {
    rmSync(installLock, { force: true });
  }
}

/** One installation at a time; a lock whose owner is gone counts for nothing. */
async function enterInstallation() {
  for (let waited = false; ; ) {
    try {
      mkdirSync(dirname(installLock), { recursive: true });
      writeFileSync(installLock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST')
        refuse(`cannot write to ${root} (${error.code}); make it writable for this user`);
    }
    if (!isRunning(Number(read(installLock)))) rmSync(installLock, { force: true });
    else if (!waited) {
      waited = true;
      console.error('weft: another process installs the packages; waiting for it');
    }
    await new Promise((done) => setTimeout(done, 200));
  }
}

function isRunning(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function runNpm() {
  console.error('weft: installing the packages of package-lock.json (npm ci) ...');
  const startedMs = Date.now();
  const seconds = () => Math.round((Date.now() - startedMs) / 1000);
  const progress = setInterval(() => console.error(`weft: installing the packages: ${seconds()} s`), 5_000);
  const [program, first] = npmCommand();
  const words = [
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--include=dev',
    '--include=optional',
  ];
  const child = spawn(program, [...first, ...words], { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
    process.stderr.write(chunk);
  });
  const code = await new Promise((done) => {
    child.once('error', () => done('absent'));
    child.once('close', done);
  });
  clearInterval(progress);
  if (code === 'absent')
    refuse('npm is not installed; install it (on Debian: apt-get install npm) and run this again');
  if (code !== 0) refuse(npmRemedy(said));
  console.error(`weft: installed in ${seconds()} s`);
}

/** npm as the script that started us where there is one, otherwise the one on the PATH. */
function npmCommand() {
  const script = process.env.npm_execpath;
  return script !== undefined && /npm-cli\.c?js$/.test(script) ? [process.execPath, [script]] : ['npm', []];
}

function npmRemedy(said) {
  if (/E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH|HOSTUNREACH|SOCKETTIMEOUT)/.test(said)) {
    return 'the npm registry cannot be reached; check the network, or the registry that `npm config get registry` names, and run this again';
  }
  if (/EACCES|EROFS|ENOSPC/.test(said))
    return `npm cannot write to ${modules}; make it writable, free some space, and run this again`;
  return 'npm ci failed, for the reason above; once that is mended run this again';
}

/** The Node that comes with the packages; elsewhere the running one, where it can run TypeScript. */
function pinnedNode() {
  const pinned = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return refuse(
    `no Node is pinned for ${process.platform} on ${process.arch} (there is one for linux on x64 and arm64); install Node 24 or newer and run this again`,
  );
}

/** Our parent and its parent: npm runs a script by a shell, and when npm is killed the shell lives on. */
function ancestors() {
  const parent = process.ppid;
  try {
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8');
    return `${parent} ${stat.slice(stat.lastIndexOf(')')).split(' ')[2]}`;
  } catch {
    // No /proc on this system, or the parent ended just now: then its number changes.
    return `${parent}`;
  }
}

/**
 * Runs the script and ends as it ends. It gets a session of its own, because a terminal's Ctrl-C reaches us, npm and
 * it at once, and npm sends the signal on besides: only what comes through here counts, and the same signal within a
 * quarter of a second counts once. Where util-linux is there, the kernel tells the script when this process is
 * killed; and we tell it when the npm above us is (its shell passes nothing on).
 */
function execute(node, words) {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  const argv = [...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'TERM', '--']), node, ...words];
  const path = [join(modules, '.bin'), dirname(node), process.env.PATH ?? ''].join(delimiter);
  const child = spawn(argv[0], argv.slice(1), {
    stdio: 'inherit',
    detached: true,
    env: { ...process.env, PATH: path },
  });
  const lastMs = new Map();
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH', 'SIGUSR2'].map((signal) => {
    const handler = () => {
      const now = performance.now();
      if (now - (lastMs.get(signal) ?? -1_000) < 250) return;
      lastMs.set(signal, now);
      child.kill(signal);
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  if (process.env.npm_lifecycle_event !== undefined) {
    const above = ancestors();
    setInterval(() => ancestors() !== above && child.kill('SIGTERM'), 500).unref();
  }
  child.once('error', (error) => refuse(`${argv[0]} does not run: ${error.message}`));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const [name, handler] of handlers) process.off(name, handler);
    process.kill(process.pid, signal);
    // A signal that does not end us must not leave the impression of success.
    setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 500);
  });
}

async function main() {
  const [script, ...words] = process.argv.slice(2);
  if (script === undefined) refuse('usage: node dev/bootstrap.mjs SCRIPT.ts [ARGUMENT ...]');
  if (Number(process.versions.node.split('.')[0]) < 20) {
    refuse(
      `this is Node ${process.versions.node}, and 20 or newer is needed to begin with; install it and run this again`,
    );
  }
  if (!isFresh()) await install();
  execute(pinnedNode(), [resolve(root, script), ...words]);
}

await main();
