import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import type { Finding } from '../analysis/types.ts';
import { silent } from '../base/log.ts';
import { Graph } from '../graph/graph.ts';
import type { EventRecord } from '../kube/events.ts';
import { configMaps, deployments, httpRoutes } from '../kube/resources.ts';
import type { KubeObject } from '../kube/types.ts';
import { FindingEvents } from './finding-events.ts';
import { kubeError, RecordedApi } from './testing.ts';

const routeFinding: Finding = {
  code: 'WEFT-ANL-10',
  severity: 'error',
  object: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', namespace: 'shop', name: 'r' },
  path: 'spec.rules[0].backendRefs[0]',
  message: 'there is no Service shop/gone',
  fix: 'Create it.',
};
const deploymentFinding: Finding = {
  ...routeFinding,
  code: 'WEFT-ANL-60',
  severity: 'warning',
  object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
  path: '',
};

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

async function createWorld(api = new RecordedApi()) {
  const graph = new Graph({ onError: assert.ifError });
  const findings = graph.source<readonly Finding[]>('findings');
  const told: EventRecord[] = [];
  const clock = new MovableClock();
  const stop = new AbortController();
  const events = new FindingEvents({
    api,
    findings,
    events: { record: (record) => void told.push(record) },
    leadership: { leading: true, subscribe: (listener) => (listener(true), () => {}) },
    namespace: 'weft-system',
    clock,
    log: silent,
  });
  const ended = events.run(stop.signal);
  return {
    api,
    told,
    set: async (key: string, ...found: readonly Finding[]) => {
      if (found.length === 0) findings.delete(key);
      else findings.set(key, found);
      await graph.settled();
    },
    /** Lets time pass until all that is due by then is done. */
    pass: async (ms: number) => {
      for (const step of [0, ms, 0, 0]) {
        clock.advance(step);
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    end: async () => {
      stop.abort();
      await ended;
    },
  };
}

function withObjects(): RecordedApi {
  const api = new RecordedApi();
  api.put(httpRoutes, { metadata: { namespace: 'shop', name: 'r', uid: 'uid-r' } });
  api.put(deployments, { metadata: { namespace: 'shop', name: 'web', uid: 'uid-web' } });
  return api;
}

const stored = (api: RecordedApi): readonly string[] =>
  (api.peek<ConfigMap>(configMaps, 'weft-findings', 'weft-system')?.data?.['told'] ?? '')
    .split('\n')
    .filter((line) => line !== '');

test('a finding that lasts is told once, with the uid of its object', async () => {
  const world = await createWorld(withObjects());
  await world.set('HTTPRoute/shop/r', routeFinding);
  await world.set('Deployment/shop/web', deploymentFinding);
  assert.equal(world.told.length, 0);
  await world.pass(10_000);
  await world.pass(60_000);
  assert.deepEqual(
    world.told.map(({ regarding, type, reason, note }) => [
      regarding.kind,
      regarding.uid,
      type,
      reason,
      note,
    ]),
    [
      [
        'HTTPRoute',
        'uid-r',
        'Warning',
        'Finding',
        'WEFT-ANL-10: spec.rules[0].backendRefs[0]: there is no Service shop/gone. Create it.',
      ],
      [
        'Deployment',
        'uid-web',
        'Warning',
        'Finding',
        'WEFT-ANL-60: there is no Service shop/gone. Create it.',
      ],
    ],
  );
  assert.equal(stored(world.api).length, 2);
  await world.end();
});

test('what is mended within a moment is not told, and neither is information', async () => {
  const world = await createWorld(withObjects());
  await world.set('HTTPRoute/shop/r', routeFinding);
  await world.pass(5_000);
  await world.set('HTTPRoute/shop/r');
  await world.set('Deployment/shop/web', { ...deploymentFinding, severity: 'info' });
  await world.pass(60_000);
  assert.equal(world.told.length, 0);
  await world.end();
});

test('a restart, or another leader, does not tell it again', async () => {
  const api = withObjects();
  const first = await createWorld(api);
  await first.set('HTTPRoute/shop/r', routeFinding);
  await first.pass(10_000);
  await first.pass(10_000);
  await first.end();
  const second = await createWorld(api);
  await second.set('HTTPRoute/shop/r', routeFinding, { ...routeFinding, path: 'spec.rules[1]' });
  await second.pass(10_000);
  await second.pass(10_000);
  assert.deepEqual(
    second.told.map(({ note }) => note.slice(0, 26)),
    ['WEFT-ANL-10: spec.rules[1]'],
  );
  await second.end();
});

test('what was mended and comes back is told anew', async () => {
  const world = await createWorld(withObjects());
  for (const _ of [1, 2]) {
    await world.set('HTTPRoute/shop/r', routeFinding);
    await world.pass(20_000);
    await world.set('HTTPRoute/shop/r');
    await world.pass(20_000);
  }
  assert.equal(world.told.length, 2);
  assert.deepEqual(stored(world.api), []);
  await world.end();
});

test('an object that is gone is not told of', async () => {
  const world = await createWorld();
  await world.set('HTTPRoute/shop/r', routeFinding);
  await world.pass(20_000);
  assert.equal(world.told.length, 0);
  await world.end();
});

test('where the object may not be read it is told without its uid', async () => {
  const api = withObjects();
  const world = await createWorld(api);
  api.failNext('get httproutes', kubeError(403));
  await world.set('HTTPRoute/shop/r', routeFinding);
  await world.pass(20_000);
  assert.deepEqual(
    world.told.map(({ regarding }) => regarding.uid),
    [undefined],
  );
  await world.end();
});

test('a failure of the API server only delays it', async () => {
  const api = withObjects();
  api.failNext('get configmaps');
  const world = await createWorld(api);
  await world.set('HTTPRoute/shop/r', routeFinding);
  await world.pass(20_000);
  await world.pass(60_000);
  assert.equal(world.told.length, 1);
  await world.end();
});
