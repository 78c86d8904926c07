import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { silent } from '../base/log.ts';
import { Authority } from '../ca/authority.ts';
import { testMaterial } from '../ca/testing.ts';
import {
  clusterRoles,
  mutatingWebhookConfigurations,
  namespaces,
  validatingWebhookConfigurations,
} from '../kube/resources.ts';
import type { LabelSelector, WebhookConfiguration } from './objects.ts';
import { newGraph, RecordedApi, settle, StubKeeper, StubLeadership } from './testing.ts';
import { WebhookConfigController } from './webhook-config.ts';
import { mutatingConfiguration, validatingConfiguration } from './webhook-objects.ts';

const both = ['apply mutatingwebhookconfigurations weft', 'apply validatingwebhookconfigurations weft'];

function setUp(t: TestContext, leading = true, withOwner = true) {
  const clock = new MovableClock();
  const graph = newGraph();
  const mutating = graph.source<WebhookConfiguration>('mutating');
  const validating = graph.source<WebhookConfiguration>('validating');
  const api = new RecordedApi();
  const keeper = new StubKeeper();
  const leadership = new StubLeadership(leading);
  if (withOwner) api.put(clusterRoles, { metadata: { name: 'weft', uid: 'role-1' } });
  const controller = new WebhookConfigController({
    api,
    mutating,
    validating,
    keeper,
    leadership,
    namespace: 'weft-system',
    serviceName: 'weft',
    owner: 'weft',
    clock,
    log: silent,
  });
  const stop = new AbortController();
  const run = controller.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  /** What the watch would tell of what is stored now. */
  const observe = async (): Promise<void> => {
    for (const [type, source] of [
      [mutatingWebhookConfigurations, mutating],
      [validatingWebhookConfigurations, validating],
    ] as const) {
      const stored = api.peek<WebhookConfiguration>(type, 'weft');
      if (stored !== undefined)
        source.set('weft', { metadata: stored.metadata, webhooks: stored.webhooks ?? [] });
    }
    await settle();
  };
  const authority = new Authority(testMaterial(clock), clock);
  return { api, authority, clock, keeper, leadership, mutating, observe };
}

test('both configurations are applied once there is an authority, owned by the ClusterRole', async (t) => {
  const { api, authority, keeper } = setUp(t);
  keeper.give(authority);
  await settle();
  assert.deepEqual(api.writes, both);
  for (const type of [mutatingWebhookConfigurations, validatingWebhookConfigurations]) {
    const stored = api.peek<WebhookConfiguration>(type, 'weft');
    assert.equal(stored?.metadata.ownerReferences?.[0]?.uid, 'role-1');
    for (const { clientConfig } of stored?.webhooks ?? []) {
      assert.equal(Buffer.from(clientConfig.caBundle, 'base64').toString(), authority.trustBundle);
    }
  }
});

test('what is right is never written again', async (t) => {
  const { api, authority, keeper, leadership, observe } = setUp(t);
  keeper.give(authority);
  await settle();
  await observe();
  leadership.set(false);
  leadership.set(true);
  keeper.give(authority);
  await settle();
  assert.deepEqual(api.writes, both);
});

test('what somebody changed by hand is put right', async (t) => {
  const { api, authority, keeper, observe } = setUp(t);
  keeper.give(authority);
  await settle();
  const stored = api.peek<WebhookConfiguration>(mutatingWebhookConfigurations, 'weft');
  assert.ok(stored?.webhooks?.[0]);
  const changed = { ...stored.webhooks[0], failurePolicy: 'Ignore' as const };
  api.put(mutatingWebhookConfigurations, { ...stored, webhooks: [changed, ...stored.webhooks.slice(1)] });
  await observe();
  assert.deepEqual(api.writes, [...both, both[0]]);
});

test('a new root is applied', async (t) => {
  const { api, authority, clock, keeper, observe } = setUp(t);
  keeper.give(authority);
  await settle();
  await observe();
  keeper.give(new Authority(testMaterial(clock), clock));
  await settle();
  assert.deepEqual(api.writes, [...both, ...both]);
});

test('only the leader writes', async (t) => {
  const { api, authority, keeper, leadership } = setUp(t, false);
  keeper.give(authority);
  await settle();
  assert.deepEqual(api.writes, []);
  leadership.set(true);
  await settle();
  assert.deepEqual(api.writes, both);
});

test('without their owner the configurations are not made: they would outlive an uninstall', async (t) => {
  const { api, authority, clock, keeper } = setUp(t, true, false);
  keeper.give(authority);
  await settle();
  assert.deepEqual(api.writes, []);
  api.put(clusterRoles, { metadata: { name: 'weft', uid: 'role-1' } });
  clock.advance(5_000);
  await settle();
  assert.deepEqual(api.writes, both);
});

test('the owner is owned by the namespace, so that deleting that removes the configurations too', async (t) => {
  const { api, authority, keeper, leadership } = setUp(t);
  api.put(namespaces, { metadata: { name: 'weft-system', uid: 'namespace-1' } });
  keeper.give(authority);
  await settle();
  const owned = ['update clusterroles weft', ...both];
  assert.deepEqual(api.writes, owned);
  const [reference] = api.peek(clusterRoles, 'weft')?.metadata.ownerReferences ?? [];
  assert.deepEqual(reference, {
    apiVersion: 'v1',
    kind: 'Namespace',
    name: 'weft-system',
    uid: 'namespace-1',
  });
  leadership.set(false);
  leadership.set(true);
  await settle();
  assert.equal(api.writes.filter((write) => write.startsWith('update')).length, 1);
});

/** Label selection as Kubernetes defines it. */
function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  const expressions = (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    return operator === 'Exists' ? value !== undefined : value === undefined;
  });
  return exact && expressions;
}

const options = {
  namespace: 'weft-system',
  serviceName: 'weft',
  trustBundle: 'pem',
  owner: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'weft', uid: 'role-1' },
};

test('exactly the pods that asked for it are sent to the webhook, each once', () => {
  const inject = 'weft.dev/inject';
  const name = 'kubernetes.io/metadata.name';
  const cases: readonly (readonly [string, Record<string, string>, Record<string, string>, boolean])[] = [
    ['a pod of a labelled namespace', { [inject]: 'enabled' }, {}, true],
    ['a pod that refuses', { [inject]: 'enabled' }, { [inject]: 'disabled' }, false],
    ['a pod that asks, in a labelled namespace', { [inject]: 'enabled' }, { [inject]: 'enabled' }, true],
    ['a pod that asks by itself', {}, { [inject]: 'enabled' }, true],
    ['a pod that asks, in a namespace that refuses', { [inject]: 'disabled' }, { [inject]: 'enabled' }, true],
    ['a pod that says nothing', {}, {}, false],
    ['a namespace with another value', { [inject]: 'true' }, {}, false],
    ['kube-system', { [inject]: 'enabled', [name]: 'kube-system' }, { [inject]: 'enabled' }, false],
    ['kube-node-lease', { [inject]: 'enabled', [name]: 'kube-node-lease' }, { [inject]: 'enabled' }, false],
    ["Weft's own namespace", { [inject]: 'enabled', [name]: 'weft-system' }, { [inject]: 'enabled' }, false],
  ];
  const { webhooks = [] } = mutatingConfiguration(options);
  for (const [what, namespaceLabels, podLabels, expected] of cases) {
    const labels = { [name]: 'shop', ...namespaceLabels };
    const matching = webhooks.filter(
      ({ namespaceSelector, objectSelector }) =>
        selects(namespaceSelector, labels) && selects(objectSelector, podLabels),
    );
    assert.equal(matching.length, expected ? 1 : 0, what);
  }
});

test('webhooks answer quickly, without side effects, and fail closed but for deletions and advice', () => {
  for (const configuration of [mutatingConfiguration(options), validatingConfiguration(options)]) {
    for (const webhook of configuration.webhooks ?? []) {
      const deletions = webhook.rules.every(({ operations }) => operations.join() === 'DELETE');
      const isAdvice = webhook.clientConfig.service.path === '/advise';
      assert.equal(webhook.failurePolicy, deletions || isAdvice ? 'Ignore' : 'Fail');
      assert.equal(webhook.sideEffects, 'None');
      assert.ok(webhook.timeoutSeconds <= 5);
      assert.ok(webhook.name.split('.').length >= 3, 'the API server wants a full domain name');
    }
  }
});

test('only advice is asked for about kinds of others, and never of the system or of Weft', () => {
  for (const { clientConfig, rules, namespaceSelector } of validatingConfiguration(options).webhooks ?? []) {
    const groups = rules.flatMap(({ apiGroups }) => apiGroups);
    if (clientConfig.service.path !== '/advise') {
      assert.deepEqual([...new Set(groups)], ['weft.dev']);
      continue;
    }
    assert.ok(groups.includes('gateway.networking.k8s.io'));
    const [outside] = namespaceSelector.matchExpressions ?? [];
    assert.deepEqual(outside?.values, ['kube-system', 'kube-node-lease', 'kube-public', options.namespace]);
  }
});
