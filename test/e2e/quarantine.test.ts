import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { events, httpRoutes } from '../../src/kube/resources.ts';
import type { Condition, KubeObject } from '../../src/kube/types.ts';
import { sidecarContainer } from '../../src/base/names.ts';
import { App, answerOf, createService, kinds, put } from './apps.ts';
import { type TestMesh, until, useMesh } from './harness.ts';
import { Steady } from './steady.ts';

const namespace = 'quarantine';
let mesh: TestMesh;
let steady: Steady;
let picky: App;

type PodObject = KubeObject & {
  readonly spec: {
    readonly nodeName?: string;
    readonly initContainers: readonly { readonly name: string; readonly args?: readonly string[] }[];
  };
};
type Route = KubeObject & {
  readonly status?: { readonly parents?: readonly { readonly conditions?: readonly Condition[] }[] };
};
type Event = KubeObject & {
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid?: string };
};

const regexLimit = '"re2.max_program_size.error_level":';

/**
 * The fault: a client whose Envoy takes only small regular expressions. What all Envoys refuse is refused by Weft
 * already. Nobody else uses the Service `suspect`, so that nobody else acknowledges what this one rejects.
 */
async function startPicky(): Promise<App> {
  await createService(mesh.api, namespace, 'suspect', { app: 'steady-server' });
  const [model] = await steady.client.pods();
  const { metadata, spec } = (await mesh.api.get<PodObject>(
    kinds.pod,
    model?.metadata.name ?? '',
    namespace,
  )) as PodObject;
  const { nodeName: _, ...rest } = spec;
  const name = 'picky';
  const initContainers = spec.initContainers.map((container) => {
    if (container.name !== sidecarContainer) return container;
    const args = container.args?.map((arg) =>
      arg.replace(new RegExp(`${regexLimit}\\d+`), `${regexLimit}100`),
    );
    assert.notDeepEqual(args, container.args);
    return { ...container, args };
  });
  await put(mesh.api, kinds.pod, {
    metadata: {
      name,
      namespace,
      // What it has already must not be put in once more.
      labels: { app: name, instance: name, 'weft.dev/inject': 'disabled' },
      annotations: metadata.annotations ?? {},
    },
    spec: { ...rest, initContainers },
  });
  const app = new App(mesh, namespace, name);
  await app.ready(1);
  return app;
}

/** Every answer carries `mark`, and requests whose header x-user matches the expression go nowhere else. */
async function putRoute(mark: string, expression: string): Promise<void> {
  const filters = [
    { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-mark', value: mark }] } },
  ];
  const backendRefs = [{ name: 'suspect', port: 80 }];
  const headers = [{ type: 'RegularExpression', name: 'x-user', value: expression }];
  await put(mesh.api, kinds.httpRoute, {
    metadata: { name: 'suspect', namespace },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'suspect', port: 80 }],
      rules: [
        { matches: [{ headers }], filters, backendRefs },
        { filters, backendRefs },
      ],
    },
  });
}

async function inForce(wanted: string): Promise<Condition> {
  let seen = 'nothing';
  const ask = async (): Promise<Condition | undefined> => {
    const route = await mesh.api.get<Route>(httpRoutes, 'suspect', namespace);
    seen = JSON.stringify(route?.status ?? null);
    const conditions = route?.status?.parents?.flatMap((parent) => parent.conditions ?? []) ?? [];
    const condition = conditions.find(({ type }) => type === 'weft.dev/InForce');
    const isCurrent = condition?.observedGeneration === route?.metadata.generation;
    return isCurrent && condition?.reason === wanted ? condition : undefined;
  };
  return until(`the route is ${wanted}`, ask, 30_000, () => seen);
}

async function markNow(): Promise<string | undefined> {
  const outcome = await picky.call({ kind: 'http', url: 'http://suspect/' });
  return answerOf(outcome).headers['x-mark'];
}

suite('a route that Envoy refuses', () => {
  before(async () => {
    mesh = await useMesh();
    steady = await Steady.start(mesh, namespace);
    picky = await startPicky();
    await markNow();
    await putRoute('good', 'a+');
    await inForce('InForce');
  });
  afterEach(() => steady.undisturbed());
  after(() => steady.stop());

  test('leaves the last good one in force, and its status and an Event say what Envoy said', async () => {
    assert.equal(await markNow(), 'good');
    await putRoute('bad', '(ab{10}){100}');
    const condition = await inForce('Rejected');
    assert.equal(condition.status, 'False');
    assert.match(condition.message, /WEFT-XDS-10: .*RE2 program size/);
    assert.equal(await markNow(), 'good');
    const route = await mesh.api.get<Route>(httpRoutes, 'suspect', namespace);
    const event = await until('an Event tells of it', async () =>
      (await mesh.api.list<Event>(events, { namespace })).find(({ reason }) => reason === 'Rejected'),
    );
    assert.deepEqual(
      [event.regarding.kind, event.regarding.name, event.regarding.uid],
      ['HTTPRoute', 'suspect', route?.metadata.uid],
    );
    assert.match(event.note, /WEFT-XDS-10: .*RE2 program size/);
  });

  test('gives way to the next good one', async () => {
    await putRoute('better', 'b+');
    await inForce('InForce');
    assert.equal(await markNow(), 'better');
  });
});
