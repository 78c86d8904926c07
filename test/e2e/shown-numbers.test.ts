/** What `weft top`, `weft stat gateway` and Prometheus show, held against who sent the requests. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, afterEach, before, suite, test } from 'node:test';
import { metricsPort } from '../../src/base/names.ts';
import type { TrafficAnswer } from '../../src/telemetry/model.ts';
import { Connections, perform } from './app/calls.ts';
import { createService, isReady, kinds, type Manifest, put } from './apps.ts';
import { controlPlanePods, weftJson } from './control-plane.ts';
import { type TestMesh, until, useMesh } from './harness.ts';
import { startPrometheus } from '../support/prometheus.ts';
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

  test('of durations lead to a trace: a Prometheus that scrapes the control plane has exemplars of requests that were traced', async () => {
    const trace = randomBytes(16).toString('hex');
    await createService(mesh.api, namespace, 'collector', { app: 'nobody' });
    await put(mesh.api, kinds.meshConfig, {
      metadata: { name: 'default' },
      spec: {
        telemetry: {
          providers: [{ name: 'collector', service: { namespace, name: 'collector', port: 80 } }],
          // Only what its caller traces is recorded.
          tracing: { provider: 'collector', samplingPercent: 0 },
        },
      },
    });
    const replicas = (await controlPlanePods(mesh)).filter(isReady);
    const targets = replicas.map(({ status }) => `${status.podIP ?? ''}:${metricsPort}`);
    const prometheus = await startPrometheus({ weft: { path: '/metrics', targets } });
    try {
      const headers = { traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01` };
      const call = { kind: 'http', url: 'http://steady-server/', timeoutMs: 30_000, headers } as const;
      const series = `weft_mesh_request_duration_seconds_bucket{destination_workload="Deployment/steady-server"}`;
      // The proxies tell of one request in a hundred.
      const found = await until(
        'an exemplar',
        async () => {
          const outcomes = await steady.client.calls({ call, count: 100, concurrency: 10 });
          assert.ok(outcomes.every(({ ok }) => ok));
          return (await prometheus.exemplars(series)).find(({ labels }) => labels['trace_id'] === trace);
        },
        120_000,
      );
      assert.ok(Number(found.value) > 0 && Number(found.value) < 30, found.value);
    } finally {
      await prometheus.stop();
      await mesh.api.delete(kinds.meshConfig, 'default');
    }
  });
});
