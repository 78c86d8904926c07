import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import type { HTTPRule, ParentRef } from '../kubernetes.ts';
import { parent, route, service } from '../testing-objects.ts';
import { createTestMesh, type TestMesh } from '../testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: (error) => assert.ifError(error) }));
  await world.apply(
    service('shop/web', '10.96.0.1', [
      { name: 'http', port: 80 },
      { name: 'tcp', port: 7000 },
    ]),
    service('shop/peers', 'None'),
    service('shop/api', '10.96.0.2'),
  );
});

const backend = (name: string, port = 80): HTTPRule => ({ backendRefs: [{ name, port }] });

async function judge(parents: readonly ParentRef[], rules: readonly HTTPRule[] = [backend('api')]) {
  await world.apply(route('shop/r', parents, rules));
  return [...world.mesh.routeVerdicts.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, verdict]) => ({
      key,
      accepted: `${verdict.accepted.status} ${verdict.accepted.reason}: ${verdict.accepted.message}`,
      resolvedRefs: `${verdict.resolvedRefs.status} ${verdict.resolvedRefs.reason}: ${verdict.resolvedRefs.message}`,
      tables: verdict.tables,
    }));
}

test('a good route is accepted at each of its Services, used or not, and at no other parent', async () => {
  const gateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' };
  const verdicts = await judge([gateway, parent('web'), parent('api', { port: 80 })]);
  assert.deepEqual(verdicts, [
    {
      key: 'HTTPRoute/shop/r|1',
      accepted: 'true Accepted: the route is attached',
      resolvedRefs: 'true ResolvedRefs: all backends exist',
      tables: ['shop/web:80'],
    },
    {
      key: 'HTTPRoute/shop/r|2',
      accepted: 'true Accepted: the route is attached',
      resolvedRefs: 'true ResolvedRefs: all backends exist',
      tables: ['shop/api:80'],
    },
  ]);
  const verdict = world.mesh.routeVerdicts.get('HTTPRoute/shop/r|1');
  assert.deepEqual(verdict?.parentRef, parent('web'));
  assert.equal(verdict.generation, 1);
});

test('a consumer route contributes to the table of its namespace', async () => {
  await world.apply(
    route('other/r', [parent('shop/web')], [{ backendRefs: [{ namespace: 'shop', name: 'api', port: 80 }] }]),
  );
  assert.deepEqual(world.mesh.routeVerdicts.get('HTTPRoute/other/r|0')?.tables, ['shop/web:80@other']);
});

const refusals: readonly (readonly [string, ParentRef, string])[] = [
  ['a Service that does not exist', parent('gone'), 'there is no Service shop/gone'],
  [
    'a headless Service',
    parent('peers'),
    'Service shop/peers is headless: calls to it go to its pods, not to a route',
  ],
  ['a port that the Service lacks', parent('web', { port: 81 }), 'Service shop/web has no TCP port 81'],
  [
    'a name that the port lacks',
    parent('web', { port: 80, sectionName: 'x' }),
    'Service shop/web has no TCP port 80 named x',
  ],
  [
    'a port that carries no HTTP',
    parent('web', { port: 7000 }),
    'nothing that the route means carries HTTP: shop/web:7000',
  ],
];

for (const [what, parentRef, message] of refusals) {
  test(`${what} is no matching parent, whatever the backends`, async () => {
    const [verdict] = await judge([parentRef]);
    assert.deepEqual(verdict, {
      key: 'HTTPRoute/shop/r|0',
      accepted: `false NoMatchingParent: ${message}`,
      resolvedRefs: 'true ResolvedRefs: all backends exist',
      tables: [],
    });
  });
}

test('what a rule refers to is looked up even where the rule, or the whole route, does not hold', async () => {
  const unreadable: HTTPRule = {
    matches: [{ path: { type: 'RegularExpression', value: '(' } }],
    filters: [
      { type: 'RequestMirror', requestMirror: { backendRef: { name: 'copy', port: 80 } } },
      {
        type: 'ExternalAuth',
        externalAuth: { protocol: 'Carrier pigeon', backendRef: { name: 'guard', port: 80 } },
      },
    ],
    backendRefs: [{ name: 'gone', port: 80 }],
  };
  const missing = [
    'spec.rules[0].backendRefs[0]: there is no Service shop/gone',
    'spec.rules[0].filters[0].requestMirror.backendRef: there is no Service shop/copy',
    'spec.rules[0].filters[1].externalAuth.backendRef: there is no Service shop/guard',
  ].join('; ');
  for (const [rules, accepted] of [
    [[unreadable], 'false UnsupportedValue'],
    [[unreadable, backend('api')], 'true Accepted'],
  ] as const) {
    const [verdict] = await judge([parent('web')], rules);
    assert.ok(verdict?.accepted.startsWith(`${accepted}: `), verdict?.accepted);
    assert.equal(verdict?.resolvedRefs, `false BackendNotFound: ${missing}`);
  }
});

test('backends that lead nowhere are all named, the first gives the reason', async () => {
  const rules: readonly HTTPRule[] = [
    backend('api'),
    backend('gone'),
    {
      backendRefs: [
        { name: 'api', port: 80 },
        { group: 'x.example', kind: 'Bucket', name: 'b' },
      ],
    },
    { backendRefs: [{ name: 'api', port: 99 }, { name: 'api' }] },
    { filters: [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'copy', port: 80 } } }] },
  ];
  const [verdict] = await judge([parent('web')], rules);
  assert.equal(verdict?.accepted, 'true Accepted: the route is attached');
  assert.equal(
    verdict.resolvedRefs,
    'false BackendNotFound: ' +
      'spec.rules[1].backendRefs[0]: there is no Service shop/gone; ' +
      'spec.rules[2].backendRefs[1]: x.example/Bucket cannot be a backend; ' +
      'spec.rules[3].backendRefs[0]: Service shop/api has no TCP port 99; ' +
      'spec.rules[3].backendRefs[1]: no port of Service shop/api is given; ' +
      'spec.rules[4].filters[0].requestMirror.backendRef: there is no Service shop/copy',
  );
});

test('a kind that cannot be a backend is an invalid kind', async () => {
  const [verdict] = await judge([parent('web')], [{ backendRefs: [{ kind: 'Secret', name: 's' }] }]);
  assert.equal(
    verdict?.resolvedRefs,
    'false InvalidKind: spec.rules[0].backendRefs[0]: Secret cannot be a backend',
  );
});

test('a backend of weight 0 that does not exist is told too', async () => {
  const [verdict] = await judge([parent('web')], [{ backendRefs: [{ name: 'gone', port: 80, weight: 0 }] }]);
  assert.match(verdict?.resolvedRefs ?? '', /^false BackendNotFound/);
});

test('an unsupported value is told with its field, and the route is in no table', async () => {
  const [verdict] = await judge([parent('web')], [{ filters: [{ type: 'ExtensionRef' }] }]);
  assert.equal(
    verdict?.accepted,
    'false UnsupportedValue: spec.rules[0].filters[0].type: ExtensionRef is not supported here',
  );
  assert.deepEqual(verdict.tables, []);
});

test('filters that cannot go together are told as such', async () => {
  const rule = {
    filters: [
      { type: 'RequestRedirect', requestRedirect: {} },
      { type: 'URLRewrite', urlRewrite: {} },
    ],
  };
  const [verdict] = await judge([parent('web')], [rule]);
  assert.match(verdict?.accepted ?? '', /^false IncompatibleFilters: spec\.rules\[0\]\.filters/);
});

test('a verdict follows the Services it depends on', async () => {
  await judge([parent('late')], [backend('late')]);
  const status = () => {
    const verdict = world.mesh.routeVerdicts.get('HTTPRoute/shop/r|0');
    return [verdict?.accepted.status, verdict?.resolvedRefs.status];
  };
  assert.deepEqual(status(), [false, false]);
  await world.apply(service('shop/late', '10.96.0.9'));
  assert.deepEqual(status(), [true, true]);
  await world.remove('Service shop/late');
  assert.deepEqual(status(), [false, false]);
  await world.remove('HTTPRoute shop/r');
  assert.equal(world.mesh.routeVerdicts.size, 0);
});
