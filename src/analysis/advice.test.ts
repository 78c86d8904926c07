import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import type { KubeObject } from '../kube/types.ts';
import { createMeshSources } from '../mesh/sources.ts';
import { createAdvice } from './advice.ts';
import { createAnalysisSources } from './facts.ts';
import { parseObjects } from './files.ts';
import { groupOf, kindsOf } from './kinds.ts';
import { defaults, kinds, nameOf, nowMs, shop } from './testing.ts';

const { route, gateway, policy, service } = kinds;

/** A live graph with the shop and what else is given. */
async function advisor(text = '') {
  const graph = new Graph({ onError: assert.ifError });
  const sources = createMeshSources(graph, defaults);
  const facts = createAnalysisSources(graph);
  facts.situation.set('default', { nowMs, controlPlaneNamespace: 'weft-system', unknownKinds: [] });
  const known = kindsOf(sources, facts);
  for (const object of parse(`${shop}\n---\n${text}`)) {
    const { namespace, name } = object.metadata;
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    known.get(`${groupOf(object.apiVersion ?? '')}/${object.kind}`)?.put(key, object);
  }
  await graph.settled();
  const advise = createAdvice({ sources, facts });
  return {
    sources,
    settled: () => graph.settled(),
    advise: async (written: string) => (await advise(single(written))).map(nameOf),
    raw: advise,
  };
}

const parse = (text: string): readonly KubeObject[] => parseObjects(text, 'test', 'shop');

function single(text: string): KubeObject {
  const [object] = parse(text);
  assert.ok(object !== undefined);
  return object;
}

const toWeb = '{group: "", kind: Service, name: web}';
const elsewhere = service('{selector: {app: none}, ports: [{name: http, port: 80}]}', 'web', 'other');

test('what would be found of an object is told before it is there, and the live graph never sees it', async () => {
  const { advise, sources } = await advisor();
  const written = route(`{parentRefs: [${toWeb}], rules: [{backendRefs: [{name: gone, port: 80}]}]}`);
  assert.deepEqual(await advise(written), ['WEFT-ANL-10 HTTPRoute shop/r spec.rules[0].backendRefs[0]']);
  assert.equal(sources.httpRoutes.size, 0);
});

test('it takes the place of the object that it changes', async () => {
  const broken = route(`{parentRefs: [${toWeb}], rules: [{backendRefs: [{name: gone, port: 80}]}]}`);
  const { advise } = await advisor(broken);
  assert.deepEqual(
    await advise(
      broken
        .replace('- {', '{')
        .replace('{name: gone, port: 80}', '{group: example.com, kind: Bucket, name: x}'),
    ),
    ['WEFT-ANL-13 HTTPRoute shop/r spec.rules[0].backendRefs[0]'],
  );
});

test('what it refers to in other namespaces is looked at, and routes of others at the same Gateway', async () => {
  const rule = 'rules: [{backendRefs: [{name: web, namespace: other, port: 80}]}]';
  const { advise } = await advisor(
    [
      elsewhere,
      gateway(
        '{gatewayClassName: weft, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]}',
      ),
      route(
        '{parentRefs: [{name: g, namespace: shop}], rules: [{backendRefs: [{name: web, port: 80}]}]}',
        'HTTPRoute',
        'a',
        'alpha',
      ),
    ].join(''),
  );
  assert.deepEqual(await advise(route(`{parentRefs: [{name: g}], ${rule}}`)), [
    'WEFT-ANL-12 HTTPRoute shop/r spec.rules[0].backendRefs[0]',
    'WEFT-ANL-21 HTTPRoute shop/r spec.rules[0].matches[0]',
  ]);
});

test('information is not worth an interruption', async () => {
  const { advise } = await advisor();
  assert.deepEqual(
    await advise(gateway('{gatewayClassName: weft, listeners: [{name: http, port: 80, protocol: HTTP}]}')),
    [],
  );
});

test('an object of no form, or of a kind that is not looked at, gets no advice', async () => {
  const { raw, advise } = await advisor();
  assert.deepEqual(
    await raw({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'x', namespace: 'shop' },
      spec: { ports: 1 },
    } as KubeObject),
    [],
  );
  assert.deepEqual(
    await raw({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'x', namespace: 'shop' } }),
    [],
  );
  assert.deepEqual(await advise(policy('{mode: Strict, selector: {matchLabels: {app: wep}}}')), [
    'WEFT-ANL-83 MutualTLSPolicy shop/p spec.selector',
  ]);
});

test('more questions than can be answered at a time are answered with nothing', async () => {
  const { raw } = await advisor();
  const written = single(route(`{parentRefs: [${toWeb}], rules: [{backendRefs: [{name: gone, port: 80}]}]}`));
  const answers = await Promise.all(Array.from({ length: 10 }, () => raw(written)));
  assert.deepEqual(
    answers.map((found) => found.length),
    [1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
  );
  assert.equal((await raw(written)).length, 1);
});

test('what would be too much to look at is not looked at', async () => {
  const { raw, sources, settled } = await advisor();
  for (let i = 0; i < 3_000; i++) {
    sources.services.set(`shop/s${i}`, {
      namespace: 'shop',
      name: `s${i}`,
      addresses: [],
      headless: false,
      primaryFamily: 'IPv4',
      ports: [],
    });
  }
  await settled();
  assert.deepEqual(
    await raw(single(route(`{parentRefs: [${toWeb}], rules: [{backendRefs: [{name: gone, port: 80}]}]}`))),
    [],
  );
});
