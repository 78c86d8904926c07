import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sidecarContainer } from '../../base/names.ts';
import * as resources from '../../kube/resources.ts';
import { meshCluster } from '../testing.ts';

const latencyMs = { min: 0.5, average: 1.2, p50: 1, p90: 2, p99: 4, max: 9 };

/** A cluster whose nodes run what they are given. */
function busy(failing = ''): ReturnType<typeof meshCluster> {
  const cluster = meshCluster();
  cluster.mayWrite = true;
  cluster.put(resources.nodes, 'node-1', {
    status: { capacity: { cpu: '2', memory: '4096000Ki' }, nodeInfo: { osImage: 'Debian' } },
  });
  cluster.onSleep = () => {
    for (const line of cluster.written) {
      const [, plural, key = ''] = line.split(' ');
      const [namespace = '', name = ''] = key.split('/');
      if (plural === 'deployments') {
        cluster.put(resources.deployments, name, { status: { readyReplicas: 1 } }, namespace);
        cluster.put(
          resources.pods,
          'echo-1',
          {
            metadata: { labels: { app: 'echo' } },
            spec: { initContainers: [{ name: sidecarContainer, image: 'envoy:1' }] },
          },
          namespace,
        );
      }
      if (plural !== 'jobs') continue;
      cluster.put(
        resources.jobs,
        name,
        { status: name === failing ? { failed: 1 } : { succeeded: 1 } },
        namespace,
      );
      cluster.put(resources.pods, `${name}-x`, { metadata: { labels: { 'job-name': name } } }, namespace);
      const slower = namespace.endsWith('meshed') ? 0.5 : 0;
      const result = {
        protocol: name,
        startTime: '2026-09-01T12:00:00.000Z',
        endTime: '2026-09-01T12:00:10.000Z',
        requests: 1000,
        failures: 0,
        perSecond: 100,
        latencyMs: { ...latencyMs, p50: latencyMs.p50 + slower, p99: latencyMs.p99 + slower },
      };
      cluster.streams.set(
        `/api/v1/namespaces/${namespace}/pods/${name}-x/log`,
        `something else\n${JSON.stringify({ result })}\n`,
      );
    }
  };
  cluster.observed.set('namespaces/weft-perf-meshed/proxies/echo-1/stats', {
    stats: [{ name: 'server.memory_allocated', value: 9_000_000 }],
  });
  return cluster;
}

test('each protocol is measured without and with the mesh, and what it adds is told', async () => {
  const cluster = busy();
  const { exitCode, out } = await cluster.run('perf run --protocol http1,grpc --duration 10s');
  assert.equal(exitCode, 0);
  assert.match(out, /^PROTOCOL +PLAIN RPS +FAILED +P50 +P99 +MESHED RPS/);
  assert.match(out, /^http1 +100\.0 +0 +1\.0ms +4\.0ms +100\.0 +0 +1\.5ms +4\.5ms +0\.50ms +0\.50ms$/m);
  assert.match(out, /^grpc /m);
  const jobs = cluster.written.filter((line) => line.startsWith('create jobs'));
  assert.deepEqual(jobs, [
    'create jobs weft-perf-plain/bench-http1',
    'create jobs weft-perf-meshed/bench-http1',
    'create jobs weft-perf-plain/bench-grpc',
    'create jobs weft-perf-meshed/bench-grpc',
  ]);
});

test('as JSON it is in the words of Service Mesh Performance, with the inputs of MeshMark', async () => {
  const { out } = await busy().run('perf run --protocol tcp --rps 50 -o json');
  const smp = JSON.parse(out) as {
    performance_tests: { test_config: unknown; test_result: Record<string, unknown> }[];
    environment_config: { node: unknown };
    service_mesh_config: { sidecar: unknown; proxy_build: string };
    meshmark_inputs: unknown;
  };
  const [plain, meshed] = smp.performance_tests;
  assert.deepEqual(plain?.test_config, {
    smp_version: 'v0.0.1',
    id: 'tcp-plain',
    name: 'tcp, without the mesh',
    labels: { mesh: 'none', protocol: 'tcp' },
    clients: [
      {
        internal: true,
        load_generator: 'weft perf',
        protocol: 'tcp',
        connections: 4,
        rps: 50,
        endpoint_url: ['echo (tcp)'],
      },
    ],
    duration: '30s',
  });
  assert.deepEqual(meshed?.test_result['latencies_ms'], { ...latencyMs, p50: 1.5, p99: 4.5 });
  assert.equal(meshed?.test_result['testId'], 'tcp-meshed');
  assert.deepEqual(smp.environment_config.node, [{ type: 'Debian', cores: 2, mem_mb: 4000 }]);
  assert.deepEqual(smp.service_mesh_config.sidecar, { count: 2, mem_mb: 18 });
  assert.equal(smp.service_mesh_config.proxy_build, 'envoy:1');
  assert.deepEqual(smp.meshmark_inputs, [
    {
      protocol: 'tcp',
      throughput_efficiency: 1,
      latency_p50_efficiency: 1 / 1.5,
      latency_p99_efficiency: 4 / 4.5,
      added_latency_p50_ms: 0.5,
      added_latency_p99_ms: 0.5,
      proxy_memory_mb: 9,
    },
  ]);
});

for (const [what, disturb] of [
  ['a load fails', (cluster: ReturnType<typeof meshCluster>) => void cluster],
  [
    'somebody interrupts',
    (cluster: ReturnType<typeof meshCluster>) => (cluster.onSleep = () => cluster.interrupt()),
  ],
] as const) {
  test(`everything that was made is removed again where ${what}`, async () => {
    const cluster = busy('bench-http1');
    disturb(cluster);
    const { exitCode, err } = await cluster.run('perf run --protocol http1');
    assert.equal(exitCode, 2);
    assert.match(err, /WEFT-CLI-08/);
    assert.deepEqual(cluster.written.slice(-2), [
      'delete namespaces weft-perf-plain',
      'delete namespaces weft-perf-meshed',
    ]);
  });
}

test('what the proxy costs is a gap where the API cannot be asked', async () => {
  const cluster = busy();
  cluster.observed.clear();
  const { exitCode, err } = await cluster.run('perf run --protocol http1');
  assert.equal(exitCode, 0);
  assert.match(
    err,
    /^warning: What the proxy costs is not known: observe\.weft\.dev: the API server does not know it/m,
  );
});
