import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsCluster } from './cluster-tls.ts';
import { decode, path } from './testing.ts';

const name = 'svc/shop/web:443+tls=shop/policy';
const terms = { hostname: 'web.example.com', subjectAltNames: [], broken: false };
const upstream = { tls: 'shop/policy' };
const context = ['transportSocket', 'typedConfig', 'commonTlsContext'] as const;
const names = ['combinedValidationContext', 'defaultValidationContext', 'matchTypedSubjectAltNames'] as const;

test('the hostname is sent as server name and must be that of the certificate', () => {
  const json = decode('cluster', tlsCluster(name, upstream, terms));
  assert.equal(path(json, 'transportSocket', 'typedConfig', 'sni'), 'web.example.com');
  assert.deepEqual(path(json, ...context, ...names), [
    { sanType: 'DNS', matcher: { exact: 'web.example.com' } },
  ]);
});

test('names that the policy lists take the place of the hostname', () => {
  const subjectAltNames = [
    { type: 'Hostname', value: 'other.example.com' },
    { type: 'URI', value: 'spiffe://other.example/web' },
  ] as const;
  const json = decode('cluster', tlsCluster(name, upstream, { ...terms, subjectAltNames }));
  assert.equal(path(json, 'transportSocket', 'typedConfig', 'sni'), 'web.example.com');
  assert.deepEqual(path(json, ...context, ...names), [
    { sanType: 'DNS', matcher: { exact: 'other.example.com' } },
    { sanType: 'URI', matcher: { exact: 'spiffe://other.example/web' } },
  ]);
});

test('every endpoint is called by TLS: there is no other transport to choose', () => {
  const json = decode('cluster', tlsCluster(name, upstream, terms));
  assert.equal(json['transportSocketMatches'], undefined);
  assert.ok(json['transportSocket']);
});

test('authorities and client certificate are secrets that the cluster needs', () => {
  const resource = tlsCluster(name, { ...upstream, clientCertificate: 'infra/client' }, terms);
  assert.deepEqual(
    resource.needs.map((need) => `${need.kind} ${need.name}`),
    [`endpoints ${name}`, 'secret backend-authorities/shop/policy', 'secret certificate/infra/client'],
  );
});

for (const [what, state] of [
  ['is broken', { ...terms, broken: true }],
  ['does not exist', undefined],
] as const) {
  test(`where the policy ${what} there is nobody to send anything to`, () => {
    const resource = tlsCluster(name, upstream, state);
    const json = decode('cluster', resource);
    assert.equal(json['type'], 'STATIC');
    assert.equal(json['loadAssignment'], undefined);
    assert.equal(json['transportSocket'], undefined);
    assert.deepEqual(resource.needs, []);
  });
}

test('retries have the budget of the Service', () => {
  const budget = { percent: 50, intervalMs: 10_000, minimumPerSecond: 1 };
  const json = decode('cluster', tlsCluster(name, upstream, terms, budget));
  const percent = path(json, 'circuitBreakers', 'thresholds', 0, 'retryBudget', 'budgetPercent', 'value');
  assert.equal(percent, 50);
});
