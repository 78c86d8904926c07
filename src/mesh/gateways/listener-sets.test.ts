import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import type { KubeListener } from '../kubernetes-gateways.ts';
import { createTestMesh, type TestMesh } from '../testing.ts';
import {
  allow,
  certificateFor,
  gateway,
  grant,
  httpsListener,
  listener,
  listenerSet,
  namespace,
  summarize,
  tlsSecret,
  weftClass,
} from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: assert.ifError }));
  await world.apply(weftClass, namespace('edge'), namespace('shop', { team: 'a' }));
});

function verdictOn(key: string) {
  const verdict = world.mesh.gateway.listenerSetVerdicts.get(key);
  return {
    set: summarize(verdict?.conditions),
    listener: (name: string) => summarize(verdict?.listeners.find((each) => each.name === name)?.conditions),
  };
}

const attached = () => world.mesh.gateway.gatewayVerdicts.get('edge/public')?.attachedListenerSets;

const served = () =>
  world.mesh.gateway.gateways
    .get('edge/public')
    ?.ports.flatMap((port) => port.listeners.map(({ key }) => key.slice('edge/public/'.length)));

const named = (name: string, rest: Partial<KubeListener> = {}): KubeListener =>
  listener(name, { hostname: `${name}.example`, ...rest });

test('a Gateway takes no ListenerSets unless it says which', async () => {
  await world.apply(
    gateway('edge/public', [named('own')]),
    listenerSet('edge/set', 'edge/public', [named('more')]),
  );
  const refused = { Accepted: 'False/NotAllowed', Programmed: 'False/NotAllowed' };
  assert.deepEqual(verdictOn('edge/set').set, refused);
  assert.equal(attached(), 0);
  assert.deepEqual(served(), ['own']);

  await world.apply(gateway('edge/public', [named('own')], allow('None')));
  assert.deepEqual(verdictOn('edge/set').set, refused);
  assert.equal(verdictOn('edge/set').listener('more')['Programmed'], 'False/NotAllowed');
});

test('Same, All and Selector say whose ListenerSets take part', async () => {
  await world.apply(
    listenerSet('edge/near', 'edge/public', [named('near')]),
    listenerSet('shop/far', 'edge/public', [named('far')]),
  );
  const accepted = async (spec: Parameters<typeof gateway>[2]) => {
    await world.apply(gateway('edge/public', [named('own')], spec));
    return ['edge/near', 'shop/far'].filter((key) => verdictOn(key).set['Accepted'] === 'True/Accepted');
  };
  assert.deepEqual(await accepted(allow('Same')), ['edge/near']);
  assert.equal(attached(), 1);
  assert.deepEqual(await accepted(allow('All')), ['edge/near', 'shop/far']);
  assert.equal(attached(), 2);
  const namespaces = { from: 'Selector', selector: { matchLabels: { team: 'a' } } };
  assert.deepEqual(await accepted({ allowedListeners: { namespaces } }), ['shop/far']);
  await world.apply(namespace('shop', { team: 'b' }));
  assert.equal(verdictOn('shop/far').set['Accepted'], 'False/NotAllowed');
  assert.deepEqual(await accepted({ allowedListeners: { namespaces: { from: 'Selector' } } }), []);
});

test('listeners are carried out together, under keys that tell where they are from', async () => {
  await world.apply(
    gateway('edge/public', [named('web')], allow('All')),
    listenerSet('shop/set', 'edge/public', [listener('web', { hostname: 'shop.example' })]),
  );
  assert.deepEqual(served(), ['shop/set/web', 'web']);
  assert.equal(world.mesh.gateway.listenerSetVerdicts.get('shop/set')?.gateway, 'edge/public');
  assert.equal(world.mesh.gateway.listenerSetVerdicts.get('shop/set')?.listeners[0]?.port, 80);
});

test('what the Gateway has no ListenerSet takes away; the rest of the set stays', async () => {
  await world.apply(
    gateway('edge/public', [named('own')], allow('Same')),
    listenerSet('edge/some', 'edge/public', [named('own'), named('more')]),
    listenerSet('edge/none', 'edge/public', [named('own')]),
  );
  assert.deepEqual(verdictOn('edge/some').set, { Accepted: 'True/ListenersNotValid' });
  assert.deepEqual(verdictOn('edge/some').listener('own'), {
    Accepted: 'False/HostnameConflict',
    Conflicted: 'True/HostnameConflict',
    ResolvedRefs: 'True/ResolvedRefs',
    Programmed: 'False/HostnameConflict',
  });
  assert.deepEqual(verdictOn('edge/none').set, {
    Accepted: 'False/ListenersNotValid',
    Programmed: 'False/ListenersNotValid',
  });
  assert.equal(attached(), 1);
  assert.deepEqual(served(), ['edge/some/more', 'own']);
  assert.deepEqual(summarize(world.mesh.gateway.gatewayVerdicts.get('edge/public')?.conditions), {
    Accepted: 'True/Accepted',
    ResolvedRefs: 'True/ResolvedRefs',
  });
});

test('of ListenerSets the older goes first, of equally old ones the first by name', async () => {
  await world.apply(
    gateway('edge/public', [named('own')], allow('All')),
    listenerSet('shop/a', 'edge/public', [named('x'), named('y')], '2026-01-02T00:00:00Z'),
    listenerSet('edge/b', 'edge/public', [named('y'), named('z')], '2026-01-02T00:00:00Z'),
    listenerSet('shop/z', 'edge/public', [named('x')], '2026-01-01T00:00:00Z'),
  );
  assert.deepEqual(served(), ['own', 'shop/z/x', 'edge/b/y', 'edge/b/z']);
});

test('another protocol on a port that is taken is refused, and does not harm its own set', async () => {
  await world.apply(
    gateway('edge/public', [named('own')], allow('Same')),
    listenerSet('edge/set', 'edge/public', [named('more'), listener('tcp', { protocol: 'TCP' })]),
  );
  assert.equal(verdictOn('edge/set').listener('tcp')['Conflicted'], 'True/ProtocolConflict');
  assert.equal(verdictOn('edge/set').listener('more')['Accepted'], 'True/Accepted');
  assert.deepEqual(served(), ['edge/set/more', 'own']);
});

test('a listener with a problem of its own is in nobody’s way', async () => {
  await world.apply(
    gateway('edge/public', [named('own'), listener('odd', { protocol: 'ODD', port: 81 })], allow('Same')),
    listenerSet('edge/set', 'edge/public', [listener('tcp', { protocol: 'TCP', port: 81 })]),
  );
  assert.deepEqual(served(), ['own', 'edge/set/tcp']);
});

test('a ListenerSet shares the fate of its Gateway', async () => {
  await world.apply(
    gateway('edge/public', [named('own')], { ...allow('Same'), addresses: [{ type: 'odd' }] }),
    listenerSet('edge/set', 'edge/public', [named('more')]),
  );
  assert.deepEqual(verdictOn('edge/set').set, {
    Accepted: 'False/ParentNotAccepted',
    Programmed: 'False/ParentNotProgrammed',
  });
  assert.equal(attached(), 0);
  assert.deepEqual(served(), []);
});

test('a ListenerSet of a Gateway that is not ours, or not there, is left to others', async () => {
  await world.apply(listenerSet('edge/set', 'edge/public', [named('more')]));
  assert.equal(world.mesh.gateway.listenerSetVerdicts.size, 0);
  await world.apply(gateway('edge/public', [named('own')], { ...allow('All'), gatewayClassName: 'other' }));
  assert.equal(world.mesh.gateway.listenerSetVerdicts.size, 0);
});

test('grants for a ListenerSet are its own: one for the Gateway does not help', async () => {
  const ref = { group: '', kind: 'Secret', name: 'cert', namespace: 'vault' };
  await world.apply(
    tlsSecret('vault/cert', certificateFor('a.example')),
    gateway('edge/public', [named('own')], allow('Same')),
    listenerSet('edge/set', 'edge/public', [httpsListener('https', ref)]),
    grant('vault/g', { kind: 'Gateway', namespace: 'edge' }, { kind: 'Secret' }),
  );
  assert.equal(verdictOn('edge/set').listener('https')['ResolvedRefs'], 'False/RefNotPermitted');
  assert.equal(verdictOn('edge/set').set['Accepted'], 'False/ListenersNotValid');
  await world.apply(grant('vault/g', { kind: 'ListenerSet', namespace: 'edge' }, { kind: 'Secret' }));
  assert.equal(verdictOn('edge/set').listener('https')['ResolvedRefs'], 'True/ResolvedRefs');
  assert.equal(verdictOn('edge/set').set['Accepted'], 'True/Accepted');
});

test('a set whose listeners take only kinds they cannot take is accepted and says so', async () => {
  const allowedRoutes = { kinds: [{ kind: 'TLSRoute' }] };
  await world.apply(
    gateway('edge/public', [named('own')], allow('Same')),
    listenerSet('edge/set', 'edge/public', [listener('only-tls', { port: 81, allowedRoutes })]),
  );
  assert.equal(verdictOn('edge/set').listener('only-tls')['ResolvedRefs'], 'False/InvalidRouteKinds');
});
