import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { service } from '../testing-objects.ts';
import type { TestMesh } from '../testing.ts';
import { accepted, gateway, gatewayWorld, resolved, routeOf, served } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = await gatewayWorld(
    service('infra/web', '10.96.0.1', [
      { name: 'http', port: 80 },
      { name: 'dns', port: 80, protocol: 'UDP' },
    ]),
    service('other/web', '10.96.0.2'),
  );
});

const listenersOf = (route: string, parent = 0): readonly string[] | undefined =>
  world.mesh.routeVerdicts.get(`${route}|${parent}`)?.listeners;
const attachedRoutes = (listener: string): number => {
  const [, name = '', section = ''] = listener.split('/');
  const verdict = world.mesh.gateway.gatewayVerdicts.get(`infra/${name}`);
  return verdict?.listeners.find((each) => each.name === section)?.attachedRoutes ?? -1;
};

test('a parent without section and port means every listener, and the status names the parent as written', async () => {
  await world.apply(gateway('infra/gw', [{}, { port: 81 }]), routeOf('HTTPRoute', 'infra/r'));
  assert.deepEqual(accepted(world, 'HTTPRoute/infra/r'), ['Accepted']);
  assert.deepEqual(listenersOf('HTTPRoute/infra/r'), ['infra/gw/l0', 'infra/gw/l1']);
  assert.deepEqual(world.mesh.routeVerdicts.get('HTTPRoute/infra/r|0')?.parentRef, { name: 'gw' });
});

test('a section and a port narrow it down, and both together mean both', async () => {
  await world.apply(gateway('infra/gw', [{}, { port: 81 }, { port: 81, hostname: 'a.io' }]));
  const attach = async (parent: object) => {
    await world.apply(routeOf('HTTPRoute', 'infra/r', { parents: [{ name: 'gw', ...parent }] }));
    return [listenersOf('HTTPRoute/infra/r'), accepted(world, 'HTTPRoute/infra/r')];
  };
  assert.deepEqual(await attach({ sectionName: 'l0' }), [['infra/gw/l0'], ['Accepted']]);
  assert.deepEqual(await attach({ port: 81 }), [['infra/gw/l1', 'infra/gw/l2'], ['Accepted']]);
  assert.deepEqual(await attach({ port: 81, sectionName: 'l2' }), [['infra/gw/l2'], ['Accepted']]);
  const none = (what: string) => [[], [`NoMatchingParent: Gateway infra/gw has no listener${what}`]];
  assert.deepEqual(await attach({ port: 82 }), none(' on port 82'));
  assert.deepEqual(await attach({ sectionName: 'x' }), none(' named x'));
  assert.deepEqual(await attach({ port: 81, sectionName: 'l0' }), none(' named l0 on port 81'));
});

test('listeners say which namespaces may attach to them', async () => {
  const from = (namespaces: object) => ({ allowedRoutes: { namespaces } });
  const labelled = { from: 'Selector', selector: { matchLabels: { team: 'a' } } };
  await world.apply(
    gateway('infra/gw', [from({ from: 'Same' }), { ...from(labelled), port: 81 }]),
    { kind: 'Namespace', metadata: { name: 'other', labels: { team: 'b' } } },
    routeOf('HTTPRoute', 'infra/r'),
    routeOf('HTTPRoute', 'other/r', { parents: [{ name: 'gw', namespace: 'infra' }] }),
  );
  assert.deepEqual(listenersOf('HTTPRoute/infra/r'), ['infra/gw/l0']);
  assert.deepEqual(accepted(world, 'HTTPRoute/other/r'), [
    'NotAllowedByListeners: no listener of Gateway infra/gw takes HTTPRoutes of namespace other',
  ]);
  assert.deepEqual(
    resolved(world, 'HTTPRoute/other/r'),
    ['ResolvedRefs'],
    'its references are judged all the same',
  );
  assert.equal(attachedRoutes('infra/gw/l0'), 1);
  await world.apply({ kind: 'Namespace', metadata: { name: 'other', labels: { team: 'a' } } });
  assert.deepEqual(listenersOf('HTTPRoute/other/r'), ['infra/gw/l1']);
});

test('listeners say which kinds may attach to them, by protocol and by list', async () => {
  await world.apply(
    gateway('infra/gw', [
      { allowedRoutes: { namespaces: { from: 'All' }, kinds: [{ kind: 'GRPCRoute' }] } },
      { port: 81, protocol: 'TCP' },
      { port: 82, protocol: 'UDP' },
    ]),
    routeOf('HTTPRoute', 'infra/r'),
    routeOf('GRPCRoute', 'infra/r'),
    routeOf('TLSRoute', 'infra/r', { hostnames: ['a.io'] }),
    routeOf('TCPRoute', 'infra/r'),
    routeOf('UDPRoute', 'infra/r'),
  );
  const refused = (kind: string) => [
    `NotAllowedByListeners: no listener of Gateway infra/gw takes ${kind}s of namespace infra`,
  ];
  assert.deepEqual(accepted(world, 'HTTPRoute/infra/r'), refused('HTTPRoute'));
  assert.deepEqual(accepted(world, 'TLSRoute/infra/r'), refused('TLSRoute'));
  assert.deepEqual(listenersOf('GRPCRoute/infra/r'), ['infra/gw/l0']);
  assert.deepEqual(listenersOf('TCPRoute/infra/r'), ['infra/gw/l1']);
  assert.deepEqual(listenersOf('UDPRoute/infra/r'), ['infra/gw/l2']);
});

test('without a hostname in common nothing is attached, nor counted', async () => {
  await world.apply(
    gateway('infra/gw', [{ hostname: 'a.io' }]),
    routeOf('HTTPRoute', 'infra/r', { hostnames: ['b.io', '*.a.io'] }),
  );
  assert.deepEqual(accepted(world, 'HTTPRoute/infra/r'), [
    'NoMatchingListenerHostname: no listener of Gateway infra/gw has a hostname in common with the route',
  ]);
  assert.equal(attachedRoutes('infra/gw/l0'), 0);
});

test('accepted routes count, also on a listener that cannot be carried out; those of which no rule holds do not', async () => {
  const tls = { certificateRefs: [{ name: 'gone' }] };
  await world.apply(
    gateway('infra/gw', [{ protocol: 'HTTPS', port: 443, tls }]),
    routeOf('HTTPRoute', 'infra/r'),
    routeOf('HTTPRoute', 'infra/wrong', { rules: [{ filters: [{ type: 'ExtensionRef' }] }] }),
  );
  assert.equal(attachedRoutes('infra/gw/l0'), 1);
  assert.deepEqual(accepted(world, 'HTTPRoute/infra/wrong'), [
    'UnsupportedValue: spec.rules[0].filters[0].type: ExtensionRef is not supported here',
  ]);
});

test('parents that are not ours to judge get no verdict', async () => {
  await world.apply(
    gateway('infra/gw', [{}]),
    gateway('infra/foreign', [{}], { gatewayClassName: 'other' }),
    routeOf('HTTPRoute', 'infra/r', {
      parents: [
        { name: 'foreign' },
        { name: 'gone' },
        { group: 'example.com', kind: 'Gateway', name: 'gw' },
        { kind: 'Thing', name: 'gw' },
        { name: 'gw' },
      ],
    }),
  );
  assert.deepEqual([...world.mesh.routeVerdicts.keys()], ['HTTPRoute/infra/r|4']);
});

const set = {
  kind: 'ListenerSet',
  metadata: { namespace: 'other', name: 'set', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    parentRef: { name: 'gw', namespace: 'infra' },
    listeners: [{ name: 'extra', port: 80, protocol: 'HTTP', hostname: 'set.io' }],
  },
};
const withSets = { allowedListeners: { namespaces: { from: 'All' } } };

test('a route may name a ListenerSet, whose listeners take the routes of its own namespace', async () => {
  const parents = [{ kind: 'ListenerSet', name: 'set', namespace: 'other' }];
  await world.apply(
    gateway('infra/gw', [{}], withSets),
    set,
    routeOf('HTTPRoute', 'other/r', { parents }),
    routeOf('HTTPRoute', 'infra/r', { parents }),
  );
  assert.deepEqual(listenersOf('HTTPRoute/other/r'), ['infra/gw/other/set/extra']);
  assert.deepEqual(served(world, 'infra/gw/other/set/extra'), { 'set.io': ['/ other/r -> other/web:80 1'] });
  assert.deepEqual(accepted(world, 'HTTPRoute/infra/r'), [
    'NotAllowedByListeners: no listener of ListenerSet other/set takes HTTPRoutes of namespace infra',
  ]);
});

test('a Gateway does not answer for the listeners of its sets', async () => {
  const parents = [{ name: 'gw', sectionName: 'extra' }, { name: 'gw' }];
  await world.apply(gateway('infra/gw', [{}], withSets), set, routeOf('HTTPRoute', 'infra/r', { parents }));
  assert.deepEqual(accepted(world, 'HTTPRoute/infra/r'), [
    'NoMatchingParent: Gateway infra/gw has no listener named extra',
    'Accepted',
  ]);
  assert.deepEqual(listenersOf('HTTPRoute/infra/r', 1), ['infra/gw/l0']);
});

test('a listener of a set takes its hostname from those of its Gateway', async () => {
  await world.apply(
    gateway('infra/gw', [{}], withSets),
    routeOf('HTTPRoute', 'infra/r', { hostnames: ['set.io', 'more.io'] }),
  );
  const rules = ['/ infra/r -> infra/web:80 1'];
  assert.deepEqual(served(world, 'infra/gw/l0'), { '*': [], 'more.io': rules, 'set.io': rules });
  await world.apply(set);
  assert.deepEqual(served(world, 'infra/gw/l0'), { '*': [], 'more.io': rules });
});

test('one route on two Gateways is carried out by both', async () => {
  await world.apply(
    gateway('infra/gw', [{}]),
    gateway('infra/second', [{}]),
    routeOf('HTTPRoute', 'infra/r', { parents: [{ name: 'gw' }, { name: 'second' }] }),
    routeOf('HTTPRoute', 'infra/own', { parents: [{ name: 'second' }], hostnames: ['own.io'] }),
  );
  const rules = ['/ infra/r -> infra/web:80 1'];
  assert.deepEqual(served(world, 'infra/gw/l0'), { '*': rules });
  assert.deepEqual(served(world, 'infra/second/l0'), {
    '*': rules,
    'own.io': ['/ infra/own -> infra/web:80 1'],
  });
});
