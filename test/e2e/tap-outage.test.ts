/** Somebody looks at live requests while all replicas of the control plane die. */

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { after, afterEach, before, suite, test } from 'node:test';
import { metricsPort } from '../../src/base/names.ts';
import { isReady, type Pod } from './apps.ts';
import { controlPlanePods, killContainer } from './control-plane.ts';
import { sumOf } from './evidence.ts';
import { type TestMesh, until, useMesh } from './harness.ts';
import { Steady } from './steady.ts';

const namespace = 'tap-outage';
let mesh: TestMesh;
let steady: Steady;

interface RunningTap {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly said: { out: string; err: string };
}

function tap(target: string): RunningTap {
  const program = ['src/cli/main.ts', '--kubeconfig', mesh.cluster.kubeconfigPath];
  const child = spawn(process.execPath, [...program, 'tap', target, `--namespace=${namespace}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  return { child, said };
}

async function showsRequests({ said }: RunningTap): Promise<void> {
  await until(
    'requests are shown',
    async () => (/GET/.test(said.out) ? true : undefined),
    60_000,
    () => said.err,
  );
}

async function entries(): Promise<number> {
  const pods = (await controlPlanePods(mesh)).filter(isReady);
  const counts = pods.map(({ status }) => sumOf(status.podIP ?? '', /^weft_tap_entries_total/, metricsPort));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

suite('a tap', () => {
  before(async () => {
    mesh = await useMesh();
    steady = await Steady.start(mesh, namespace);
  });
  afterEach(() => steady.undisturbed());
  after(() => steady.stop());

  test('says so and ends when all replicas die; the proxies that go on are switched off, and the next tap shows requests', async () => {
    const first = tap('deploy/steady-client');
    const ended = once(first.child, 'exit');
    await showsRequests(first);
    const pods = await controlPlanePods(mesh);
    await Promise.all(pods.map((pod) => killContainer(mesh, pod, 'weft')));
    assert.deepEqual(await ended, [2, null], first.said.err);
    assert.match(first.said.err, /WEFT-CLI-07: The connection broke: .* Run the command again; `weft check`/);
    const starts = ({ status }: Pod): number => status.containerStatuses?.[0]?.restartCount ?? 0;
    const startsBefore = new Map(pods.map((pod) => [pod.metadata.name, starts(pod)]));
    await until(
      'all replicas have started again',
      async () =>
        (await controlPlanePods(mesh)).every(
          (pod) => isReady(pod) && starts(pod) > (startsBefore.get(pod.metadata.name) ?? 0),
        )
          ? true
          : undefined,
      120_000,
    );
    let last = -1;
    let unchangedSince = performance.now();
    await until('proxies tell of no request any more', async () => {
      const now = await entries();
      if (now !== last) unchangedSince = performance.now();
      last = now;
      return performance.now() - unchangedSince > 5_000 ? true : undefined;
    });
    assert.ok(last > 0, 'they had gone on');
    const second = tap('deploy/steady-client');
    try {
      await showsRequests(second);
    } finally {
      second.child.kill('SIGINT');
      await once(second.child, 'exit');
    }
  });
});
