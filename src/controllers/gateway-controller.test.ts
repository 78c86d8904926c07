import { gatewayNameLabel } from '../base/names.ts';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { silent } from '../base/log.ts';
import { GatewayController } from './gateway-controller.ts';
import { gatewayObjects, type ManagedKind, type ManagedObject, managedTypes } from './gateway-objects.ts';
import { gatewayClasses } from '../kube/resources.ts';
import type { GatewaySource } from '../mesh/gateways/sources.ts';
import { defaultParameters, type GatewayParameters } from './gateway-parameters.ts';
import type { GatewayPlan } from './gateway-plan.ts';
import { createGatewayControllerSources, projectManaged } from './gateway-sources.ts';
import { gatewayPort, gatewaySource, proxyPod } from './gateway-testing.ts';
import { kubeError, newGraph, RecordedApi, settle, StubLeadership } from './testing.ts';

const key = 'shop/edge';
const object = 'shop/edge-weft';
const kinds = Object.keys(managedTypes) as readonly ManagedKind[];

function plan(
  changes: {
    readonly parameters?: Partial<GatewayParameters>;
    readonly port?: number;
    readonly uid?: string;
    readonly className?: string;
  } = {},
): GatewayPlan {
  const { parameters, port = 80, uid = 'uid-edge', className = 'weft' } = changes;
  const objects = gatewayObjects({
    gateway: gatewaySource({ uid, className }),
    ports: [gatewayPort(port)],
    parameters: { ...defaultParameters, ...parameters },
    pod: proxyPod,
  });
  return { kind: 'run', objects: [...objects] };
}

function setUp(t: TestContext, leading = true) {
  const clock = new MovableClock();
  const graph = newGraph();
  const plans = graph.source<GatewayPlan>('plans');
  const gateways = graph.source<GatewaySource>('gateways');
  gateways.set(key, gatewaySource());
  const problems = graph.source<string>('problems');
  const { managed } = createGatewayControllerSources(graph);
  const api = new RecordedApi();
  const leadership = new StubLeadership(leading);
  const controller = new GatewayController({
    api,
    gateways,
    plans,
    managed,
    problems,
    leadership,
    clock,
    log: silent,
  });
  const stop = new AbortController();
  const run = controller.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  /** As the watches would, and whatever follows. */
  const watch = async (): Promise<void> => {
    for (const kind of kinds) {
      const stored = api.peek<ManagedObject>(managedTypes[kind], 'edge-weft', 'shop');
      // Selected by label, as the watches do.
      if (stored?.metadata.labels?.[gatewayNameLabel] === undefined) managed[kind].delete(object);
      else managed[kind].set(object, projectManaged(stored));
    }
    await settle();
  };
  const propose = async (next: GatewayPlan | undefined): Promise<void> => {
    if (next === undefined) plans.delete(key);
    else plans.set(key, next);
    await settle();
  };
  const decide = async (next: GatewayPlan | undefined): Promise<void> => {
    await propose(next);
    await watch();
  };
  const written = (): readonly string[] => {
    const names = api.writes.filter((write) => !write.startsWith('get'));
    api.actions.length = 0;
    return names.toSorted();
  };
  return { api, clock, decide, gateways, leadership, problems, propose, watch, written };
}

const all = [`apply deployments ${object}`, `apply serviceaccounts ${object}`, `apply services ${object}`];

test('what a Gateway needs is written once, and again only when it changes', async (t) => {
  const { decide, watch, written } = setUp(t);
  await decide(plan());
  assert.deepEqual(written(), all);
  await watch();
  await decide(plan());
  assert.deepEqual(written(), []);
  await decide(plan({ port: 81 }));
  assert.deepEqual(written(), [`apply services ${object}`]);
});

test('a new leader writes nothing where everything is as it should be', async (t) => {
  const { decide, leadership, written } = setUp(t);
  await decide(plan());
  written();
  leadership.set(false);
  leadership.set(true);
  await settle();
  assert.deepEqual(written(), []);
});

test('without leading nothing is written', async (t) => {
  const { decide, leadership, written } = setUp(t, false);
  await decide(plan());
  assert.deepEqual(written(), []);
  leadership.set(true);
  await settle();
  assert.deepEqual(written(), all);
});

test('what somebody changes or deletes is put right', async (t) => {
  const { api, decide, watch, written } = setUp(t);
  await decide(plan());
  written();
  const deployment = api.peek<ManagedObject>(managedTypes.deployments, 'edge-weft', 'shop');
  assert.ok(deployment !== undefined);
  api.put(managedTypes.deployments, { ...deployment, spec: { ...deployment.spec, replicas: 0 } });
  api.remove(managedTypes.services, 'edge-weft', 'shop');
  await watch();
  assert.deepEqual(written(), [`apply deployments ${object}`, `apply services ${object}`]);
});

test('what others add does not count', async (t) => {
  const { api, decide, watch, written } = setUp(t);
  await decide(plan());
  written();
  const service = api.peek<ManagedObject>(managedTypes.services, 'edge-weft', 'shop');
  assert.ok(service !== undefined);
  const annotations = { ...service.metadata.annotations, 'cloud.example/id': '7' };
  api.put(managedTypes.services, {
    ...service,
    metadata: { ...service.metadata, annotations },
    spec: { ...service.spec, clusterIP: '10.96.0.7' },
  });
  await watch();
  assert.deepEqual(written(), []);
});

test('what the API server writes in its own way, and what an autoscaler sets, is not written again', async (t) => {
  const { api, decide, watch, written } = setUp(t);
  const apply = api.apply.bind(api);
  const autoscaling = { min: 2, max: 3, cpuPercent: 70 };
  t.mock.method(api, 'apply', async (...call: Parameters<typeof apply>) => {
    const stored = await apply(...call);
    if (call[0] !== managedTypes.deployments) return stored;
    const { spec } = stored as ManagedObject;
    const rewritten = { ...stored, spec: { ...spec, replicas: 1, strategy: { type: 'Rewritten' } } };
    return api.put(managedTypes.deployments, rewritten);
  });
  await decide(plan({ parameters: { autoscaling } }));
  written();
  const deployment = api.peek<ManagedObject>(managedTypes.deployments, 'edge-weft', 'shop');
  assert.ok(deployment !== undefined);
  api.put(managedTypes.deployments, { ...deployment, spec: { ...deployment.spec, replicas: 2 } });
  await watch();
  assert.deepEqual(written(), []);
});

test('what is no longer wanted is removed, and what only a former version wanted is written away', async (t) => {
  const { decide, written } = setUp(t);
  await decide(plan({ parameters: { replicas: 2, nodeSelector: { pool: 'edge' } } }));
  written();
  await decide(plan({ parameters: { replicas: 2 } }));
  assert.deepEqual(written(), [`apply deployments ${object}`]);
  await decide(plan());
  assert.deepEqual(written(), [`apply deployments ${object}`, `delete poddisruptionbudgets ${object}`]);
});

test('wrong parameters change nothing of what runs', async (t) => {
  const { decide, written } = setUp(t);
  await decide(plan());
  written();
  await decide({ kind: 'invalid', message: 'WEFT-GW-01' });
  assert.deepEqual(written(), []);
});

test('a Gateway that is deleted takes everything with it', async (t) => {
  const { decide, gateways, written } = setUp(t);
  await decide(plan());
  written();
  gateways.delete(key);
  await decide(undefined);
  assert.deepEqual(
    written(),
    all.map((write) => write.replace('apply', 'delete')),
  );
});

test('one that changes to a class of another controller leaves nothing behind', async (t) => {
  const { api, decide, gateways, written } = setUp(t);
  await decide(plan());
  written();
  const theirs = { metadata: { name: 'theirs' }, spec: { controllerName: 'example.com/other' } };
  api.put(gatewayClasses, theirs as ManagedObject);
  gateways.set(key, gatewaySource({ className: 'theirs' }));
  await decide(undefined);
  assert.deepEqual(written().filter((write) => write.startsWith('delete')).length, 3);
});

test('while its class is missing a Gateway goes on', async (t) => {
  const { decide, written } = setUp(t);
  await decide(plan());
  written();
  await decide(undefined);
  assert.deepEqual(written(), []);
});

test('one that changes to another class of Weft has what that one names, and no more', async (t) => {
  const { decide, gateways, propose, written } = setUp(t);
  await decide(plan());
  written();
  gateways.set(key, gatewaySource({ className: 'other' }));
  await propose(plan({ className: 'other' }));
  assert.deepEqual(written(), [
    ...all.map((write) => write.replace('edge-weft', 'edge-other')),
    ...all.map((write) => write.replace('apply', 'delete')),
  ]);
});

test('an object of that name that is somebody else’s is not touched, and the Gateway is told', async (t) => {
  const { api, clock, problems, propose, written } = setUp(t);
  const theirs = {
    metadata: { name: 'edge-weft', namespace: 'shop' },
    spec: { selector: { app: 'theirs' } },
  };
  api.put(managedTypes.services, theirs as ManagedObject);
  await propose(plan());
  assert.deepEqual(written(), all.slice(0, 2));
  assert.match(problems.get(key) ?? '', /^WEFT-GW-03: .*Service shop\/edge-weft/);
  api.remove(managedTypes.services, 'edge-weft', 'shop');
  clock.advance(60_000);
  await settle();
  assert.deepEqual(written(), all.slice(2));
  assert.equal(problems.get(key), undefined);
});

test('nothing ever runs as a service account that is somebody else’s', async (t) => {
  const { api, problems, propose, written } = setUp(t);
  api.put(managedTypes.serviceAccounts, { metadata: { name: 'edge-weft', namespace: 'shop' } });
  await propose(plan());
  assert.deepEqual(written(), []);
  assert.match(problems.get(key) ?? '', /^WEFT-GW-03: .*ServiceAccount shop\/edge-weft/);
});

test('what a former Gateway of the same name left makes room', async (t) => {
  const { decide, watch, written } = setUp(t);
  await decide(plan({ uid: 'uid-former' }));
  written();
  await decide(plan());
  await watch();
  await watch();
  const names = written();
  for (const write of all) {
    assert.ok(names.includes(write.replace('apply', 'delete')), write);
    assert.ok(names.includes(write), write);
  }
});

test('what the API server refuses is told, tried again, and keeps nothing else from being written', async (t) => {
  const { api, clock, problems, propose, written } = setUp(t);
  api.failNext(`apply deployments ${object}`, kubeError(403, 'Forbidden'));
  await propose(plan());
  assert.deepEqual(written(), all);
  assert.match(problems.get(key) ?? '', /^WEFT-GW-04: .*403/);
  clock.advance(60_000);
  await settle();
  assert.deepEqual(written(), [`apply deployments ${object}`]);
  assert.equal(problems.get(key), undefined);
});
