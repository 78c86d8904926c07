/** The views over a small mesh: two namespaces, a canary behind a route, a policy, and one proxy that is connected. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Finding } from '../../analysis/types.ts';
import { WeftError } from '../../base/errors.ts';
import { Graph } from '../../graph/graph.ts';
import { createTestMesh, type TestMesh } from '../../mesh/testing.ts';
import { toRow } from '../../telemetry/answer.ts';
import { columns, emptyColumns, toCounts } from '../../telemetry/counts.ts';
import type { TrafficRow } from '../../telemetry/model.ts';
import type { Scope } from '../access.ts';
import { listCertificates } from './certificates.ts';
import { checkExplainable, explainedView } from './explained.ts';
import { listFindings } from './findings.ts';
import { overviewOf } from './overview.ts';
import { listPolicies } from './policies.ts';
import { listProblems } from './problems.ts';
import { listProxies } from './proxies.ts';
import { connectedProxies, type ReplicaReport } from './replica.ts';
import { listRoutes } from './routes.ts';
import { listServices } from './services.ts';
import { RecentTraffic } from './traffic.ts';
import { listWorkloads } from './workloads.ts';
import type { World } from './world.ts';

const nowMs = Date.UTC(2026, 8, 1, 12);

function pod(namespace: string, name: string, address: string, version = 'v1'): string {
  return `
apiVersion: v1
kind: Pod
metadata:
  namespace: ${namespace}
  name: ${name}-1
  uid: ${name}
  creationTimestamp: "2026-01-01T00:00:00Z"
  labels: { app: ${name}, version: ${version} }
  annotations: { weft.dev/proxy: '{}' }
  ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: ${name}, uid: r, controller: true }]
spec: { nodeName: n1, serviceAccountName: ${name} }
status: { phase: Running, podIPs: [{ ip: ${address} }], conditions: [{ type: Ready, status: "True" }] }
---`;
}

function service(namespace: string, name: string, cluster: string, address: string): string {
  return `
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: ${name} }
spec:
  clusterIP: ${cluster}
  clusterIPs: [${cluster}]
  ipFamilies: [IPv4]
  selector: { app: ${name} }
  ports: [{ name: http, port: 80, targetPort: 8080, protocol: TCP }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: ${namespace}, name: ${name}-abc, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
  - addresses: [${address}]
    conditions: { ready: true, serving: true, terminating: false }
    targetRef: { kind: Pod, namespace: ${namespace}, name: ${name}-1 }
---`;
}

const objects = [
  pod('shop', 'web', '10.244.0.7'),
  pod('shop', 'web-v2', '10.244.0.8', 'v2'),
  pod('bank', 'vault', '10.244.0.9'),
  service('shop', 'web', '10.96.0.10', '10.244.0.7'),
  service('shop', 'web-v2', '10.96.0.11', '10.244.0.8'),
  service('bank', 'vault', '10.96.0.12', '10.244.0.9'),
  `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { namespace: shop, name: canary, creationTimestamp: "2026-01-01T00:00:00Z", generation: 1 }
spec:
  parentRefs: [{ group: "", kind: Service, name: web, port: 80 }]
  rules:
    - matches: [{ method: GET, path: { type: PathPrefix, value: /v2 }, headers: [{ name: x-canary, value: "1" }] }]
      filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-a, value: b }] } }]
      timeouts: { request: 2s }
      backendRefs: [{ name: web, port: 80, weight: 3 }, { name: web-v2, port: 80, weight: 1 }]
    - backendRefs: [{ name: gone, port: 80 }]
---
apiVersion: weft.dev/v1alpha1
kind: MutualTLSPolicy
metadata: { namespace: shop, name: strict, creationTimestamp: "2026-01-01T00:00:00Z", generation: 1 }
spec: { mode: Strict, targetRefs: [{ group: apps, kind: StatefulSet, name: web }, { group: apps, kind: StatefulSet, name: gone }] }
`,
].join('');

/** Requests, how many of them failed, by mutual TLS or not. */
function row(group: TrafficRow['group'], requests: number, failures = 0): TrafficRow {
  const values = emptyColumns();
  values[columns.requests + 2] = requests - failures;
  values[columns.requests + 5] = failures;
  values[columns.failures] = failures;
  values[columns.durations + 4] = requests;
  return toRow(group, undefined, toCounts(values), 60);
}

const route = 'shop/canary';
const rows = [
  row({ destination: 'shop/StatefulSet/web', service: 'shop/web:80', route, mtls: 'true' }, 90),
  row({ destination: 'shop/StatefulSet/web-v2', service: 'shop/web:80', route, mtls: 'true' }, 30, 15),
  row({ destination: 'shop/StatefulSet/web', service: 'shop/web:80', route: '', mtls: 'false' }, 60),
  row({ destination: 'bank/StatefulSet/vault', service: 'bank/vault:80', route: '', mtls: 'true' }, 600, 300),
];

const finding: Finding = {
  code: 'WEFT-ANL-01',
  severity: 'error',
  object: {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    namespace: 'shop',
    name: 'canary',
  },
  path: 'spec.rules[1]',
  message: 'It leads nowhere.',
  fix: 'Make the Service.',
};
const ofBank: Finding = { ...finding, severity: 'warning', object: { ...finding.object, namespace: 'bank' } };
const ofMesh: Finding = {
  ...finding,
  severity: 'info',
  object: { apiVersion: 'v1', kind: 'MeshConfig', name: 'default' },
};

const report: ReplicaReport = {
  replica: 'weft-0',
  version: '0.1.0',
  leading: true,
  nowMs,
  sinceMs: nowMs - 1,
  serving: { serial: 'AB', notAfterMs: nowMs + 1 },
  rejections: [
    {
      resource: 'route x',
      message: 'bad regex',
      from: ['services shop/web', 'httproutes shop/canary', 'pods shop/web-1'],
    },
  ],
  proxies: [
    {
      proxy: 'shop/web-1',
      identity: 'spiffe://cluster.local/ns/shop/sa/web',
      workload: 'shop/StatefulSet/web',
      connectedForMs: 1_000,
      held: { secret: 0, cluster: 2, endpoints: 2, listener: 3, route: 1 },
      pending: 0,
      nacks: 0,
      lastAckAgoMs: 500,
      certificate: { notBeforeMs: nowMs - 2, notAfterMs: nowMs + 2 },
    },
  ],
};

let mesh: TestMesh;
let world: World;

function scope(readable: readonly string[] | undefined, namespace = ''): Scope {
  const everywhere = readable === undefined;
  return { namespace, everywhere, mayRead: (one) => everywhere || readable.includes(one) };
}

const all = scope(undefined);
const shopOnly = scope(['shop']);

before(async () => {
  mesh = createTestMesh(new Graph({ onError: (error) => assert.ifError(error) }));
  await mesh.apply(objects);
  await mesh.use('shop/StatefulSet/web', '10.96.0.12:80', '10.96.0.11:80');
  const reports = [{ replica: 'weft-0', answer: report }];
  world = {
    mesh: mesh.mesh,
    sources: mesh.sources,
    findings: {
      entries: () => [
        ['HTTPRoute/shop/canary', [finding]],
        ['HTTPRoute/bank/canary', [ofBank]],
        ['MeshConfig/default', [ofMesh]],
      ],
    },
    traffic: new RecentTraffic({ rows }),
    reports,
    connected: connectedProxies(reports),
    silent: [],
    nowMs,
  };
});

const names = (refs: readonly { readonly namespace?: string; readonly name: string }[]) =>
  refs.map(({ namespace, name }) => `${namespace ?? ''}/${name}`);

test('workloads tell as whom they run, what protects them, what they use and receive', () => {
  const [vault, web, second] = listWorkloads(world, all);
  assert.deepEqual([vault?.name, web?.name, second?.name], ['vault', 'web', 'web-v2']);
  assert.equal(web?.identity, 'spiffe://cluster.local/ns/shop/sa/web');
  assert.deepEqual(web?.mtls, { mode: 'Strict', policy: 'shop/strict' });
  assert.deepEqual(web?.pods, { total: 1, ready: 1, connected: 1, inSync: 1 });
  assert.deepEqual(names(web?.services ?? []), ['shop/web']);
  assert.deepEqual(names(web?.uses ?? []), ['bank/vault', 'shop/web-v2']);
  assert.equal(web?.traffic.requestsPerSecond, 2.5);
  assert.equal(web?.traffic.mtlsShare, 0.6);
  assert.deepEqual(second?.versions, ['v2']);
});

test('what is in a namespace that may not be read is left out, and only named by its namespace', () => {
  assert.deepEqual(
    listWorkloads(world, shopOnly).map(({ namespace }) => namespace),
    ['shop', 'shop'],
  );
  assert.deepEqual(names(listWorkloads(world, shopOnly)[0]?.uses ?? []), ['bank/', 'shop/web-v2']);
  assert.deepEqual(names(listServices(world, shopOnly)), ['shop/web', 'shop/web-v2']);
  assert.doesNotMatch(
    JSON.stringify(overviewOf(world, { problem: undefined, dates: undefined }, shopOnly)),
    /vault/,
  );
});

test('Services tell who is behind them and what concerns them', () => {
  const web = listServices(world, all).find(({ name }) => name === 'web');
  assert.deepEqual(web?.ports, [{ port: 80, name: 'http', protocol: 'http', endpoints: 1, meshed: 1 }]);
  assert.deepEqual(names(web?.workloads ?? []), ['shop/web']);
  assert.deepEqual(names(web?.routes ?? []), ['shop/canary']);
  assert.equal(web?.traffic.requestsPerSecond, 3);
});

test('routes tell their rules in words, and their split as it is wanted and as it is', () => {
  const [canary] = listRoutes(world, all);
  assert.deepEqual(canary?.parents[0], {
    object: { kind: 'Service', namespace: 'shop', name: 'web' },
    accepted: true,
    resolved: false,
    reason: 'BackendNotFound',
    message: canary?.parents[0]?.message,
  });
  const [first, second] = canary?.rules ?? [];
  assert.deepEqual(first?.matches, ['GET /v2* header x-canary=1']);
  assert.deepEqual(first?.actions, ['request headers set: x-a', 'timeout 2 s']);
  assert.deepEqual(
    first?.backends.map(({ object, weight, share, seen, successRate }) => [
      object.name,
      weight,
      share,
      seen,
      successRate,
    ]),
    [
      ['web', 3, 0.75, 0.75, 1],
      ['web-v2', 1, 0.25, 0.25, 0.5],
    ],
  );
  assert.deepEqual(second?.backends[0]?.seen, 0);
});

test('policies tell what they decide for whom, and which target is missing', () => {
  const [strict] = listPolicies(world, all);
  assert.equal(strict?.accepted, true);
  assert.equal(strict?.effect, 'mutual TLS Strict');
  assert.deepEqual(names(strict?.affects ?? []), ['shop/web']);
  assert.deepEqual(
    strict?.targets.map(({ name, missing }) => [name, missing]),
    [
      ['web', false],
      ['gone', true],
    ],
  );
});

test('every pod of the mesh has its row among the proxies, connected or not', () => {
  const proxies = listProxies(world.mesh, world.connected, all);
  assert.deepEqual(
    proxies.map(({ pod: name, connected, inSync }) => [name, connected, inSync]),
    [
      ['vault-1', false, false],
      ['web-1', true, true],
      ['web-v2-1', false, false],
    ],
  );
  assert.equal(proxies[1]?.replica, 'weft-0');
});

test('certificates go from the root to each workload', () => {
  const dates = { serial: 'R', notBeforeMs: 1, notAfterMs: 2 };
  const controlPlane = { namespace: 'weft-system', serviceAccount: 'weft' };
  const kinds = (of: Scope) =>
    listCertificates(world, { root: dates, intermediate: dates }, controlPlane, of).map(
      ({ kind, object }) => `${kind} ${object.name}`,
    );
  assert.deepEqual(kinds(all), [
    'root default',
    'intermediate default',
    'serving weft-0',
    'workload vault-1',
    'workload web-1',
    'workload web-v2-1',
  ]);
  assert.deepEqual(kinds(scope(['shop'], 'shop')).slice(2), ['workload web-1', 'workload web-v2-1']);
});

describe('findings', () => {
  test('are told of the most severe first, and by severity', () => {
    assert.deepEqual(listFindings(world.findings, all), [finding, ofBank, ofMesh]);
    assert.deepEqual(listFindings(world.findings, all, 'warning'), [ofBank]);
  });

  test('of what may not be read, or is of no namespace, are for those who may see it', () => {
    assert.deepEqual(listFindings(world.findings, shopOnly), [finding]);
    assert.deepEqual(listFindings(world.findings, scope(undefined, 'bank')), [ofBank]);
  });
});

describe('what is wrong now', () => {
  const problem = new WeftError('WEFT-CA-07', 'It ends soon.');
  const told = (of: Scope, of_: World = world) =>
    listProblems(of_, { problem }, of).map(({ kind, severity, object }) => [kind, severity, object.name]);

  test('is told with its cause, the most severe first, and each object once where the analysis says more', () => {
    assert.deepEqual(told(all), [
      ['authority', 'error', 'default'],
      ['rejection', 'error', 'canary'],
      ['traffic', 'error', 'vault'],
      ['finding', 'error', 'canary'],
      ['proxy', 'warning', 'vault-1'],
      ['proxy', 'warning', 'web-v2-1'],
      ['traffic', 'warning', 'web'],
      ['finding', 'warning', 'canary'],
    ]);
  });

  test('is not told of other namespaces, nor of the mesh to those who may not see it', () => {
    assert.deepEqual(
      told(shopOnly).map(([kind, , name]) => `${kind} ${name}`),
      ['rejection canary', 'finding canary', 'proxy web-v2-1', 'traffic web'],
    );
  });

  test('a replica that does not answer is told of, and its proxies are not taken for lost', () => {
    const problems = told(all, { ...world, silent: ['weft-1'] });
    assert.deepEqual(problems[1], ['replica', 'error', 'weft-1']);
    assert.equal(
      problems.some(([kind]) => kind === 'proxy'),
      false,
    );
  });
});

describe('explain', () => {
  const resource = {
    kind: 'route',
    name: 'r',
    version: 'v',
    from: ['service bank/vault', 'service shop/web'],
  };
  const answer = (holders: number, found = true) => ({
    object: 'service shop/web',
    found,
    resources: [{ ...resource, holders, current: holders }],
  });

  test('adds up what replicas tell, and names of other namespaces only the namespace', () => {
    const view = explainedView([answer(1), answer(2)], world, 'shop/web', shopOnly);
    assert.deepEqual(view.resources, [
      { ...resource, holders: 3, current: 3, from: ['service bank', 'service shop/web'] },
    ]);
  });

  test('brings the findings of the object', () => {
    const route = { ...answer(1), object: 'httproute shop/canary' };
    assert.deepEqual(explainedView([route], world, 'shop/canary', all).findings, [finding]);
  });

  test('does not tell whether what one may not see exists', () => {
    assert.throws(() => explainedView([answer(0, false)], world, 'shop/web', all), { code: 'WEFT-API-08' });
    for (const [kind, key] of [
      ['service', 'bank/vault'],
      ['secret', 'shop/cert'],
      ['meshconfig', 'default'],
    ] as const) {
      assert.throws(() => checkExplainable(kind, key, shopOnly), { code: 'WEFT-API-08' });
      checkExplainable(kind, key, all);
    }
    checkExplainable('service', 'shop/web', shopOnly);
  });
});
