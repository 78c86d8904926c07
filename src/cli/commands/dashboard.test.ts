import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cluster, meshCluster } from '../testing.ts';

/** Runs the command and ends it at once, as Ctrl-C does. */
function runAndEnd(cluster: Cluster, line: string): ReturnType<Cluster['run']> {
  const running = cluster.run(line);
  cluster.interrupt();
  return running;
}

function withApi(): Cluster {
  const cluster = meshCluster();
  cluster.observed.set('', { kind: 'APIResourceList' });
  return cluster;
}

test('it prints the address and opens it, until somebody ends it', async () => {
  const cluster = withApi();
  const { out, exitCode } = await runAndEnd(cluster, 'dashboard');
  assert.equal(exitCode, 0);
  assert.match(out, /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}\n$/);
  assert.deepEqual(cluster.opened, [out.trim()]);
});

test('no browser is opened where none is wanted', async () => {
  const cluster = withApi();
  await runAndEnd(cluster, 'dashboard --no-browser');
  assert.deepEqual(cluster.opened, []);
});

test('a port that is none is refused', async () => {
  const { err, exitCode } = await runAndEnd(withApi(), 'dashboard --port 70000');
  assert.equal(exitCode, 2);
  assert.match(err, /WEFT-CLI-03: --port/);
});

test('without the API there is nothing to show', async () => {
  const { err, exitCode } = await runAndEnd(meshCluster(), 'dashboard');
  assert.equal(exitCode, 2);
  assert.match(err, /WEFT-CLI-05/);
});
