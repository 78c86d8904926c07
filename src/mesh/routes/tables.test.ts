import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import type { HTTPRule } from '../kubernetes.ts';
import type { RouteRule } from '../model.ts';
import { parent, route, service } from '../testing-objects.ts';
import { contents, createTestMesh, type TestMesh } from '../testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: (error) => assert.ifError(error) }));
  await world.apply(
    service('shop/web', '10.96.0.1', [
      { name: 'http', port: 80 },
      { name: 'admin', port: 9000 },
      { name: 'tcp', port: 7000 },
    ]),
    service('shop/web-v1', '10.96.0.2'),
    service('shop/web-v2', '10.96.0.3'),
    service('other/far', '10.96.0.4'),
  );
  await world.use('shop/Deployment/client', '10.96.0.1:80', '10.96.0.1:9000', '10.96.0.1:7000');
});

const to = (...backends: readonly (readonly [string, number?])[]): HTTPRule => ({
  backendRefs: backends.map(([name, weight]) => {
    const [first = '', second] = name.split('/');
    const target = second === undefined ? { name: first } : { namespace: first, name: second };
    return { ...target, port: 80, ...(weight === undefined ? {} : { weight }) };
  }),
});

const rules = (key: string): readonly RouteRule[] | undefined => world.mesh.routeTables.get(key)?.rules;
const shares = (rule: RouteRule | undefined): readonly string[] | undefined =>
  rule?.backends.map(({ servicePort = 'invalid', weight }) => `${servicePort} ${weight}`);

test('a used port that may carry HTTP has a table, and without routes everything goes to the port itself', () => {
  assert.deepEqual([...world.mesh.routeTables.keys()].sort(), ['shop/web:80', 'shop/web:9000']);
  assert.deepEqual(shares(rules('shop/web:80')?.[0]), ['shop/web:80 1']);
  assert.equal(rules('shop/web:80')?.[0]?.route, '');
});

test('a port that nobody uses has no table', async () => {
  await world.use('shop/Deployment/client', '10.96.0.1:80');
  assert.deepEqual([...world.mesh.routeTables.keys()], ['shop/web:80']);
});

test('a route replaces the way to the port itself, and its end brings it back', async () => {
  await world.apply(route('shop/split', [parent('web')], [to(['web-v1', 70], ['web-v2', 30])]));
  assert.equal(rules('shop/web:80')?.length, 1);
  assert.deepEqual(shares(rules('shop/web:80')?.[0]), ['shop/web-v1:80 70', 'shop/web-v2:80 30']);
  assert.equal(rules('shop/web:80')?.[0]?.route, 'shop/split');
  await world.remove('HTTPRoute shop/split');
  assert.deepEqual(shares(rules('shop/web:80')?.[0]), ['shop/web:80 1']);
});

test('a parent without a port means all that may carry HTTP; with one, that alone; by name likewise', async () => {
  const attached = () =>
    [...world.mesh.routeTables.entries()]
      .filter(([, { rules: all }]) => all[0]?.route === 'shop/r')
      .map(([key]) => key);
  await world.apply(route('shop/r', [parent('web')], [to(['web-v1'])]));
  assert.deepEqual(attached().sort(), ['shop/web:80', 'shop/web:9000']);
  await world.apply(route('shop/r', [parent('web', { port: 9000 })], [to(['web-v1'])]));
  assert.deepEqual(attached(), ['shop/web:9000']);
  await world.apply(route('shop/r', [parent('web', { sectionName: 'http' })], [to(['web-v1'])]));
  assert.deepEqual(attached(), ['shop/web:80']);
  await world.apply(route('shop/r', [parent('web', { sectionName: 'http', port: 9000 })], [to(['web-v1'])]));
  assert.deepEqual(attached(), []);
});

test('two parents that mean the same port attach the route once', async () => {
  await world.apply(route('shop/r', [parent('web'), parent('web', { port: 80 })], [to(['web-v1'])]));
  assert.equal(rules('shop/web:80')?.length, 1);
});

test('rules of several routes stand in the order of precedence, one per match', async () => {
  await world.apply(
    route(
      'shop/young',
      [parent('web')],
      [{ ...to(['web-v1']), matches: [{ path: { value: '/' } }] }],
      '2026-01-02T00:00:00Z',
    ),
    route(
      'shop/old',
      [parent('web')],
      [
        {
          ...to(['web-v2']),
          name: 'both',
          matches: [{ path: { value: '/b' } }, { path: { type: 'Exact', value: '/a' } }],
        },
        { ...to(['web']), matches: [{ path: { value: '/' } }] },
      ],
      '2026-01-01T00:00:00Z',
    ),
  );
  assert.deepEqual(
    rules('shop/web:80')?.map(({ match, route: from, ruleName }) => [match.path.value, from, ruleName]),
    [
      ['/a', 'shop/old', 'both'],
      ['/b', 'shop/old', 'both'],
      ['/', 'shop/old', undefined],
      ['/', 'shop/young', undefined],
    ],
  );
});

test('the share of an invalid backend is kept, a backend of weight 0 is left out, no backend is none', async () => {
  await world.apply(
    route(
      'shop/r',
      [parent('web', { port: 80 })],
      [
        to(['web-v1', 60], ['gone', 40], ['web-v2', 0]),
        to(['web-v1', 0]),
        {},
        { backendRefs: [{ group: 'x', kind: 'Bucket', name: 'b' }] },
        { backendRefs: [{ name: 'web-v1', port: 81 }, { name: 'web-v1' }] },
      ],
    ),
  );
  assert.deepEqual(rules('shop/web:80')?.map(shares), [
    ['shop/web-v1:80 60', 'invalid 40'],
    [],
    [],
    ['invalid 1'],
    ['invalid 1', 'invalid 1'],
  ]);
  await world.apply(service('shop/gone', '10.96.0.9'));
  assert.deepEqual(shares(rules('shop/web:80')?.[0]), ['shop/web-v1:80 60', 'shop/gone:80 40']);
});

test('a backend in another namespace needs no grant', async () => {
  await world.apply(route('shop/r', [parent('web', { port: 80 })], [to(['other/far'])]));
  assert.deepEqual(shares(rules('shop/web:80')?.[0]), ['other/far:80 1']);
});

test('filters, timeouts and header changes of a backend reach the table; an invalid mirror hurts nobody', async () => {
  const requestHeaderModifier = { set: [{ name: 'A', value: '1' }] };
  await world.apply(
    route(
      'shop/r',
      [parent('web', { port: 80 })],
      [
        {
          filters: [
            {
              type: 'RequestMirror',
              requestMirror: { backendRef: { name: 'web-v2', port: 80 }, percent: 10 },
            },
            { type: 'RequestMirror', requestMirror: { backendRef: { name: 'gone', port: 80 } } },
          ],
          backendRefs: [
            { name: 'web-v1', port: 80, filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier }] },
          ],
          timeouts: { request: '0s', backendRequest: '1500ms' },
        },
      ],
    ),
  );
  assert.deepEqual(rules('shop/web:80'), [
    {
      kind: 'HTTPRoute',
      match: { path: { type: 'PathPrefix', value: '/' }, headers: [], query: [] },
      filters: { mirrors: [{ servicePort: 'shop/web-v2:80', numerator: 10, denominator: 100 }] },
      backends: [
        {
          servicePort: 'shop/web-v1:80',
          weight: 1,
          requestHeaders: { set: [{ name: 'a', value: '1' }], add: [], remove: [] },
        },
      ],
      requestTimeoutMs: 0,
      backendTimeoutMs: 1500,
      route: 'shop/r',
    },
  ]);
});

test('a consumer route is for the clients of its namespace, which then know no producer route', async () => {
  await world.apply(
    route('shop/producer', [parent('web', { port: 80 })], [to(['web-v1'])]),
    route('other/consumer', [parent('shop/web', { port: 80 })], [to(['shop/web-v2'])]),
  );
  assert.deepEqual(
    Object.entries(contents(world.mesh.routeTables)).map(([key, table]) => [
      key,
      table.clientNamespace,
      table.rules.map(({ route: from }) => from),
    ]),
    [
      ['shop/web:80', undefined, ['shop/producer']],
      ['shop/web:80@other', 'other', ['other/consumer']],
      ['shop/web:9000', undefined, ['']],
    ],
  );
  await world.remove('HTTPRoute other/consumer');
  assert.equal(world.mesh.routeTables.has('shop/web:80@other'), false);
});

test('a consumer route leaves everybody else with the port itself', async () => {
  await world.apply(route('other/consumer', [parent('shop/web')], [to(['shop/web-v2'])]));
  assert.deepEqual(shares(rules('shop/web:80')?.[0]), ['shop/web:80 1']);
});

const wrong: readonly HTTPRule[] = [
  { filters: [{ type: 'ExtensionRef' }] },
  { sessionPersistence: { type: 'Guess' } },
  { timeouts: { request: '1 day' } },
  { timeouts: { request: '1s', backendRequest: '2s' } },
  { retry: { codes: [200] } },
];

test('a rule with anything unsupported answers 500 and leaves the others in force', async () => {
  for (const rule of wrong) {
    const matches = [{ path: { value: '/x' } }];
    await world.apply(route('shop/r', [parent('web', { port: 80 })], [to(['web-v1']), { ...rule, matches }]));
    assert.deepEqual(
      rules('shop/web:80')?.map((each) => [each.match.path.value, shares(each)]),
      [
        ['/x', []],
        ['/', ['shop/web-v1:80 1']],
      ],
    );
  }
});

test('a rule whose matches cannot be understood is left out', async () => {
  const matches = [{ path: { type: 'RegularExpression', value: '(' } }];
  await world.apply(route('shop/r', [parent('web', { port: 80 })], [to(['web-v1']), { matches }]));
  assert.deepEqual(rules('shop/web:80')?.map(shares), [['shop/web-v1:80 1']]);
});

test('a route of which no rule holds contributes nothing', async () => {
  for (const rule of wrong) {
    await world.apply(route('shop/r', [parent('web', { port: 80 })], [rule]));
    assert.deepEqual(shares(rules('shop/web:80')?.[0]), ['shop/web:80 1']);
  }
});

test('a change of one route touches the tables of its Services alone', async () => {
  const changed: string[] = [];
  world.mesh.routeTables.subscribe((changes) => changed.push(...changes.map(({ key }) => key)));
  await world.apply(route('shop/r', [parent('web', { port: 9000 })], [to(['web-v1'])]));
  await world.apply(route('shop/unrelated', [parent('web-v1')], [to(['web-v2'])]));
  assert.deepEqual(changed, ['shop/web:9000']);
});
