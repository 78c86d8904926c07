/**
 * The real sidecar on a real cluster with Weft installed by its chart: one client calls one server at 1,000 requests
 * per second, in turn without mesh and with a sidecar on both sides. Added latency is what both sidecars add together.
 * Memory and processor time are those of the client's Envoy, which holds 20 Services in use. `rssAnonMB` is its memory
 * before the load; what it has grown to after it depends on how many requests were under way at once.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { startCluster } from '../../dev/cluster/cluster.ts';
import { deployWeft } from '../../dev/deploy.ts';
import { buildImages, loadImages } from '../../dev/images/images.ts';
import { wait } from '../../src/base/backoff.ts';
import { sidecarContainer } from '../../src/base/names.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { silent } from '../../src/base/log.ts';
import { type App, appContainer, createNamespace, createService, deployApp } from '../e2e/apps.ts';
import { type TestMesh, until } from '../e2e/harness.ts';
import type { Figures } from './cases.ts';
import { consumptionOf, memoryOf } from './control-plane.ts';
import { quantile } from './statistics.ts';

const perSecond = 1000;
/** Loads that send one request each at a time, so that requests do not leave in bursts. */
const loads = 5;
const services = 20;
const rounds = 3;
const measuredMs = 10_000;

interface Pair {
  readonly client: App;
  readonly url: string;
}

interface Measured {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requests: number;
}

export async function run(): Promise<Figures> {
  const cluster = await startCluster({ name: 'bench', ephemeral: true, log: console.log });
  try {
    const images = await buildImages(['tester'], console.log);
    await loadImages(cluster, images, console.log);
    await deployWeft(cluster, { log: console.log });
    const api = createKubeApi({ kubeconfigPath: cluster.kubeconfigPath, log: silent });
    return await measure({ cluster, api, image: images['tester']?.ref ?? '' });
  } finally {
    await cluster.stop();
  }
}

async function measure(mesh: TestMesh): Promise<Figures> {
  const plain = await startPair(mesh, 'plain', false);
  const meshed = await startPair(mesh, 'meshed', true);
  const pid = await proxyOf(meshed.client);
  const idleMB = memoryOf(pid, 'RssAnon');
  for (let index = 0; index < services; index++) {
    await createService(mesh.api, 'meshed', `used-${index}`, { app: 'server' });
    const call = { kind: 'http', url: `http://used-${index}/` } as const;
    await until(`used-${index} answers`, async () =>
      (await meshed.client.call(call)).ok ? true : undefined,
    );
  }
  const rssAnonMB = memoryOf(pid, 'RssAnon');
  const without: Measured[] = [];
  const withMesh: Measured[] = [];
  const cpu: number[] = [];
  for (let round = 0; round < rounds; round++) {
    without.push(await drive(plain));
    const before = consumptionOf(pid).cpuSeconds;
    withMesh.push(await drive(meshed));
    const used = consumptionOf(pid).cpuSeconds - before;
    cpu.push((used / (withMesh.at(-1)?.requests ?? Number.NaN)) * 1000);
  }
  const added = (field: 'p50Ms' | 'p99Ms'): number => {
    const median = (all: readonly Measured[]): number =>
      quantile(
        all.map((each) => each[field]),
        0.5,
      );
    console.log(
      `${field}: ${median(without).toFixed(2)} without mesh, ${median(withMesh).toFixed(2)} with it`,
    );
    return median(withMesh) - median(without);
  };
  console.log(`RssAnon ${idleMB.toFixed(1)} MB with nothing in use`);
  return {
    rssAnonMB,
    rssAnonLoadedMB: memoryOf(pid, 'RssAnon'),
    addedP50Ms: added('p50Ms'),
    addedP99Ms: added('p99Ms'),
    cpuPer1000rps: quantile(cpu, 0.5),
  };
}

async function startPair(mesh: TestMesh, namespace: string, injected: boolean): Promise<Pair> {
  await createNamespace(mesh.api, namespace, injected);
  await createService(mesh.api, namespace, 'server');
  // Stays ready however busy the machine is: an endpoint that goes away is not what is measured.
  const probe = { httpGet: { path: '/status/200', port: 8080 }, periodSeconds: 1 };
  const readinessProbe = { ...probe, timeoutSeconds: 10, failureThreshold: 10 };
  const podSpec = { containers: [{ ...appContainer(mesh.image, 'v1'), readinessProbe }] };
  const [client] = await Promise.all([
    deployApp(mesh, namespace, { name: 'client', podSpec }),
    deployApp(mesh, namespace, { name: 'server', podSpec }),
  ]);
  const url = 'http://server/status/200';
  await until(`${url} in ${namespace} answers`, async () =>
    (await client.call({ kind: 'http', url })).ok ? true : undefined,
  );
  return { client, url };
}

/** The first seconds count as well: all rounds have them, and quantiles of so many requests do not notice. */
async function drive({ client, url }: Pair): Promise<Measured> {
  const call = { kind: 'http', url } as const;
  const running = await Promise.all(
    Array.from({ length: loads }, async (_, index) => {
      await wait(index);
      return client.startLoad(call, perSecond / loads);
    }),
  );
  await wait(measuredMs);
  const reports = await Promise.all(running.map((load) => load.stop()));
  const failed = reports.reduce((sum, report) => sum + report.failed, 0);
  const requests = reports.reduce((sum, report) => sum + report.done, 0);
  // A machine that is busy with other work lets a few connections fail; more than that is no measurement.
  const errors = JSON.stringify(reports.map((report) => report.errors));
  if (failed > 0) console.log(`${failed} of ${requests} failed: ${errors}`);
  if (failed > requests / 100) throw new Error(`${failed} of ${requests} requests to ${url} failed`);
  const median = (field: 'p50Ms' | 'p99Ms'): number =>
    quantile(
      reports.map((report) => report[field]),
      0.5,
    );
  return {
    p50Ms: median('p50Ms'),
    p99Ms: median('p99Ms'),
    requests,
  };
}

/** The process of a pod's Envoy, which the container's control group names. */
async function proxyOf(app: App): Promise<number> {
  const [pod] = await app.pods();
  const status = pod?.status.initContainerStatuses?.find(({ name }) => name === sidecarContainer);
  const id = status?.containerID.replace(/^.*:\/\//, '') ?? '';
  if (id === '') throw new Error(`${app.namespace}/${app.name} has no sidecar`);
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (!readFileSync(`/proc/${entry}/cgroup`, 'utf8').includes(id)) continue;
      if (readFileSync(`/proc/${entry}/comm`, 'utf8').trim() === 'envoy') return Number(entry);
    } catch {
      // The process has ended since the folder was read.
    }
  }
  throw new Error(`the process of the sidecar ${id} was not found`);
}
