/**
 * The way of a change: 1,000 (or 100) proxies connect at once to a control plane that has just started, then
 * EndpointSlices and HTTPRoutes change one by one, each timed from the call of the API server to the last proxy that
 * holds the resource.
 */

import { randomInt } from 'node:crypto';
import { wait } from '../../src/base/backoff.ts';
import * as resources from '../../src/kube/resources.ts';
import type { KubeApi, KubeObject } from '../../src/kube/types.ts';
import type { ResourceKind } from '../../src/xds/resource.ts';
import { serviceName } from '../../src/xds/translate/names.ts';
import type { Figures } from './cases.ts';
import type { ControlPlane } from './control-plane.ts';
import { sharedClockMs, type Spread } from './fleet.ts';
import { prepareScenario, type Scenario } from './scenario.ts';
import { quantile } from './statistics.ts';

const changes = 100;
const settleMs = 5_000;

export async function measurePush(
  kubeconfigPath: string,
  scope: 'mesh' | 'scoped',
  count: number,
): Promise<Figures> {
  const scenario = await prepareScenario(kubeconfigPath, scope);
  try {
    const controlPlane = await scenario.start();
    const empty = controlPlane.consumption();
    const synced = await measureSync(scenario, controlPlane, count);
    await wait(settleMs);
    const endpoint = await measureChanges(scenario, 'endpoints', changeEndpoints);
    const route = await measureChanges(scenario, 'route', changeRoute);
    await wait(settleMs);
    const steadyMB = controlPlane.consumption().residentMB;
    const perProxyKB = ((steadyMB - empty.residentMB) / count) * 1000;
    const stallMs = (await controlPlane.metric('weft_event_loop_longest_stall_seconds')) * 1000;
    console.log(
      `${empty.residentMB.toFixed(0)} MB before, ${steadyMB.toFixed(0)} MB in steady state, ` +
        `${perProxyKB.toFixed(0)} KB per proxy; longest stall of the event loop ${stallMs.toFixed(0)} ms`,
    );
    return {
      endpointMedianMs: quantile(endpoint, 0.5),
      endpointP99Ms: quantile(endpoint, 0.99),
      routeMedianMs: quantile(route, 0.5),
      routeP99Ms: quantile(route, 0.99),
      ...synced,
      steadyMB,
      maxStallMs: stallMs,
    };
  } finally {
    await scenario.end();
  }
}

async function measureSync({ fleet }: Scenario, controlPlane: ControlPlane, count: number): Promise<Figures> {
  controlPlane.forgetPeak();
  const before = controlPlane.consumption();
  const { spread, bytes, resources: received } = await fleet.sync(controlPlane.xdsPort, count);
  const after = controlPlane.consumption();
  console.log(
    `sync of ${count}: half after ${spread.p50Ms.toFixed(0)} ms, nine tenths after ${spread.p90Ms.toFixed(0)}, ` +
      `all after ${spread.lastMs.toFixed(0)}; ${Math.round(received / count)} resources each`,
  );
  return {
    syncSeconds: spread.lastMs / 1000,
    syncCpuSeconds: after.cpuSeconds - before.cpuSeconds,
    syncPeakMB: after.peakMB,
    bytesPerClient: bytes / count,
  };
}

type Change = (api: KubeApi, target: Target, round: number) => Promise<void>;

interface Target {
  readonly namespace: string;
  readonly name: string;
}

/** Milliseconds from the write to the last proxy, per change. */
async function measureChanges(
  { api, fleet, workload }: Scenario,
  kind: ResourceKind,
  change: Change,
): Promise<readonly number[]> {
  const spreads: Spread[] = [];
  let [bytes, deliveries] = [0, 0];
  for (let round = 0; round < changes; round++) {
    const target = workload.services[(round * 37) % workload.services.length];
    if (target === undefined) throw new Error('there are no Services');
    const name = serviceName(`${target.namespace}/${target.name}:80`);
    const { holders = 0 } = await fleet.ask({ what: 'arm', kind, name });
    if (holders === 0) throw new Error(`no proxy holds ${kind} ${name}`);
    const sinceMs = sharedClockMs();
    await change(api, target, round);
    const reply = await fleet.ask({ what: 'arrived', sinceMs });
    if (reply.spread !== undefined) spreads.push(reply.spread);
    bytes += reply.bytes ?? 0;
    deliveries += holders;
    await wait(randomInt(50, 150));
  }
  const median = (field: keyof Spread): string =>
    quantile(
      spreads.map((spread) => spread[field]),
      0.5,
    ).toFixed(1);
  console.log(
    `${kind}: half of the proxies after ${median('p50Ms')} ms, nine tenths after ${median('p90Ms')}, ` +
      `all after ${median('lastMs')}; ${Math.round(bytes / deliveries)} bytes each`,
  );
  return spreads.map(({ lastMs }) => lastMs);
}

/** The second endpoint gets another address, as when its pod is replaced. */
async function changeEndpoints(api: KubeApi, { namespace, name }: Target): Promise<void> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}-abcde`;
  const address = `10.245.${randomInt(256)}.${randomInt(1, 255)}`;
  await api.request('PATCH', path, {
    body: [{ op: 'replace', path: '/endpoints/1/addresses/0', value: address }],
    contentType: 'application/json-patch+json',
  });
}

/** A header that the route sets gets another value; the first time the route is made. */
async function changeRoute(api: KubeApi, { namespace, name }: Target, round: number): Promise<void> {
  const route: KubeObject & { readonly spec: unknown } = {
    metadata: { name, namespace },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name, port: 80 }],
      rules: [
        {
          filters: [
            {
              type: 'ResponseHeaderModifier',
              responseHeaderModifier: { set: [{ name: 'x-round', value: `${round}-${Date.now()}` }] },
            },
          ],
          backendRefs: [{ name, port: 80 }],
        },
      ],
    },
  };
  await api.apply(resources.httpRoutes, route, { fieldManager: 'weft-bench', force: true });
}
