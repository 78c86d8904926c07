/** What `weft top` and `weft stat gateway` show, held against who sent the requests. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, afterEach, before, suite, test } from 'node:test';
import type { TrafficAnswer } from '../../src/telemetry/model.ts';
import { Connections, perform } from './app/calls.ts';
import { kinds, type Manifest, put } from './apps.ts';
import { weftJson } from './control-plane.ts';
import { type TestMesh, until, useMesh } from './harness.ts';
import { Steady, steadyPerSecond } from './steady.ts';

const namespace = 'shown-numbers';
const gateway = { ...kinds.httpRoute, plural: 'gateways', kind: 'Gateway' };
let mesh: TestMesh;
let steady: Steady;

type Gateway = Manifest & {
  readonly status?: { readonly addresses?: readonly { readonly value: string }[] };
};

suite('numbers', () => {
  before(async () => {
    mesh = await useMesh();
    steady = await Steady.start(mesh, namespace);
  });
  afterEach(() => steady.undisturbed());
  after(() => steady.stop());

  test('of weft top come to be the rate that the load generator sends at', async () => {
    const argv = [
      'src/cli/main.ts',
      '--kubeconfig',
      mesh.cluster.kubeconfigPath,
      '--output=json',
      'top',
      'svc',
    ];
    const top = spawn(process.execPath, [...argv, `--namespace=${namespace}`, '--interval=1s'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let rate = 0;
    createInterface(top.stdout).on('line', (line) => {
      const { rows } = JSON.parse(line) as TrafficAnswer;
      const row = rows.find(({ group }) => group.service === `${namespace}/steady-server:80`);
      rate = row?.requestsPerSecond ?? 0;
    });
    try {
      // A report more or less lies within its half minute now and then.
      await until(
        `${steadyPerSecond} requests a second are shown`,
        async () => (Math.abs(rate - steadyPerSecond) <= steadyPerSecond / 100 ? true : undefined),
        180_000,
        () => String(rate),
      );
    } finally {
      top.kill('SIGINT');
      await once(top, 'exit');
    }
  });

  test('of weft stat gateway are those of the requests that were sent to it, and of those that failed', async () => {
    await put(mesh.api, gateway, {
      metadata: { name: 'edge', namespace },
      spec: { gatewayClassName: 'weft', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    });
    await put(mesh.api, kinds.httpRoute, {
      metadata: { name: 'edge', namespace },
      spec: {
        parentRefs: [{ name: 'edge' }],
        rules: [{ backendRefs: [{ name: 'steady-server', port: 80 }] }],
      },
    });
    const connections = new Connections(true);
    const sent = { all: 0, failed: 0 };
    const send = async (address: string, path: string): Promise<boolean> => {
      const call = { kind: 'http', url: `http://${address}${path}`, timeoutMs: 30_000 } as const;
      const { status } = await perform(call, connections);
      // What has no status has not come to the gateway.
      if (status > 0) sent.all += 1;
      if (status >= 500) sent.failed += 1;
      return status === 200;
    };
    const address = await until('the gateway answers', async () => {
      const found = (await mesh.api.get(gateway, 'edge', namespace)) as Gateway | undefined;
      const value = found?.status?.addresses?.[0]?.value;
      return value !== undefined && (await send(value, '/')) ? value : undefined;
    });
    for (let count = 0; count < 200; count++) await send(address, count % 10 === 0 ? '/status/503' : '/');
    connections.close();
    let seen = '';
    await until(
      `${sent.all} requests are shown, of which ${sent.failed} failed`,
      async () => {
        const options = [`--namespace=${namespace}`, '--window=10m'];
        const { rows } = await weftJson<TrafficAnswer>(mesh, 'stat', 'gateway', ...options);
        const row = rows[0];
        seen = JSON.stringify(rows.map(({ group, requests, counts }) => [group, requests, counts.failures]));
        return rows.length === 1 && row?.requests === sent.all && row.counts.failures === sent.failed
          ? true
          : undefined;
      },
      60_000,
      () => seen,
    );
    assert.ok(sent.failed >= 20);
  });
});
