import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../kube/types.ts';
import type { GatewayVerdict, ListenerSetVerdict } from '../mesh/gateway-model.ts';
import type { GatewayReadiness } from './gateway-readiness.ts';
import { gatewayStatus, listenerSetStatus, type PreviousStatus } from './gateway-status.ts';
import { accepted, gatewayVerdict, readyGateway } from './gateway-testing.ts';

interface Status {
  readonly addresses?: readonly unknown[];
  readonly attachedListenerSets?: number;
  readonly conditions: readonly Condition[];
  readonly listeners: readonly { readonly name: string; readonly conditions: readonly Condition[] }[];
}

const nowMs = Date.UTC(2026, 8, 1, 12);

function status(
  readiness: Partial<GatewayReadiness> = {},
  verdict: Partial<GatewayVerdict> = {},
  previous: PreviousStatus = {},
): Status {
  const ready = { ...readyGateway, ...readiness };
  return gatewayStatus('shop/edge', gatewayVerdict(verdict), ready, previous, nowMs) as Status;
}

function condition(conditions: readonly Condition[] | undefined, type = 'Programmed'): string {
  const found = conditions?.filter((candidate) => candidate.type === type) ?? [];
  assert.equal(found.length, 1, `${type} once`);
  return `${found[0]?.status} ${found[0]?.reason}`;
}

test('a Gateway whose proxies serve all its ports at its address is programmed', () => {
  const { addresses, conditions, listeners } = status();
  assert.deepEqual(addresses, [{ type: 'IPAddress', value: '192.0.2.1' }]);
  assert.equal(condition(conditions), 'True Programmed');
  assert.equal(condition(listeners[0]?.conditions), 'True Programmed');
  for (const { observedGeneration } of [...conditions, ...(listeners[0]?.conditions ?? [])])
    assert.equal(observedGeneration, 3);
});

const missing = { assigned: [], missing: ['192.0.2.9'] };
const rejected = { 'shop/edge/p80': { kind: 'rejected', message: 'bad cipher' } } as const;
const pending = { 'shop/edge/p80': { kind: 'pending' } } as const;
const notAccepted = { ...accepted, status: false, reason: 'UnsupportedAddress' };
const reasons: readonly (readonly [string, Partial<GatewayReadiness>, string, string])[] = [
  [
    'without an address',
    { addresses: { assigned: [], missing: [] } },
    'AddressNotAssigned',
    'True Programmed',
  ],
  ['without an address it asks for', { addresses: missing }, 'AddressNotUsable', 'True Programmed'],
  ['without a ready proxy', { readyProxies: 0, listeners: pending }, 'Pending', 'False Pending'],
  ['whose proxies are still to get a port', { listeners: pending }, 'Pending', 'False Pending'],
  ['whose proxies reject a port', { listeners: rejected }, 'Invalid', 'False Invalid'],
  ['without a listener that can be served', { listeners: {} }, 'Invalid', 'False Invalid'],
  ['that the API server refuses to run', { problem: 'WEFT-GW-04: quota' }, 'NoResources', 'True Programmed'],
];

for (const [what, readiness, reason, listener] of reasons) {
  test(`a Gateway ${what} is not programmed, and says why`, () => {
    const { conditions, listeners } = status(readiness);
    assert.equal(condition(conditions), `False ${reason}`);
    assert.equal(condition(listeners[0]?.conditions), listener);
  });
}

test('what Envoy says of a port it rejects is repeated', () => {
  const message = status({ listeners: rejected }).conditions.find(
    ({ type }) => type === 'Programmed',
  )?.message;
  assert.match(message ?? '', /^WEFT-XDS-10: .*bad cipher/);
});

test('a Gateway that is not accepted is not programmed, whatever still runs', () => {
  assert.equal(condition(status({}, { conditions: [notAccepted] }).conditions), 'False Invalid');
});

test('wrong parameters make a Gateway not accepted, and the message says what is wrong', () => {
  const { conditions } = status({ parameters: 'WEFT-GW-01: data[cpu]: no quantity' });
  assert.equal(condition(conditions, 'Accepted'), 'False InvalidParameters');
  assert.equal(condition(conditions), 'False Invalid');
  assert.match(conditions.find(({ type }) => type === 'Accepted')?.message ?? '', /data\[cpu\]/);
});

test('what is wrong with the Gateway itself comes before what is wrong with its parameters', () => {
  const { conditions } = status({ parameters: 'WEFT-GW-02: none' }, { conditions: [notAccepted] });
  assert.equal(condition(conditions, 'Accepted'), 'False UnsupportedAddress');
});

test('a verdict that says by itself why something is not programmed is repeated', () => {
  const own = { type: 'Programmed', status: false, reason: 'Invalid', message: 'no certificate' };
  const [listener] = gatewayVerdict().listeners;
  assert.ok(listener !== undefined);
  const { listeners } = status(
    { listeners: {} },
    { listeners: [{ ...listener, conditions: [accepted, own] }] },
  );
  assert.equal(listeners[0]?.conditions.find(({ type }) => type === 'Programmed')?.message, 'no certificate');
});

test('a condition keeps the time of its last change of status', () => {
  const before = { type: 'Programmed', status: 'True', reason: 'Programmed', message: '' } as const;
  const old = { conditions: [{ ...before, lastTransitionTime: '2026-01-01T00:00:00Z' }] };
  const time = (of: Status) => of.conditions.find(({ type }) => type === 'Programmed')?.lastTransitionTime;
  assert.equal(time(status({}, {}, old)), '2026-01-01T00:00:00Z');
  assert.equal(time(status({ listeners: pending }, {}, old)), '2026-09-01T12:00:00Z');
});

test('ListenerSets are counted where there are any', () => {
  assert.equal('attachedListenerSets' in status(), false);
  assert.equal(status({}, { attachedListenerSets: 2 }).attachedListenerSets, 2);
});

const setVerdict: ListenerSetVerdict = {
  generation: 2,
  gateway: 'shop/edge',
  conditions: [accepted],
  listeners: [{ name: 'own', port: 81, supportedKinds: [], attachedRoutes: 0, conditions: [accepted] }],
};

test('a ListenerSet is programmed as far as the proxies of its Gateway serve it', () => {
  const of = (listeners: GatewayReadiness['listeners']): string =>
    condition(
      (listenerSetStatus('team/set', setVerdict, { ...readyGateway, listeners }, {}, nowMs) as Status)
        .conditions,
    );
  assert.equal(of({ 'shop/edge/team/set/own': { kind: 'current' } }), 'True Programmed');
  assert.equal(of({ 'shop/edge/team/set/own': { kind: 'pending' } }), 'False Pending');
  assert.equal(of({}), 'False Invalid');
});

test('a ListenerSet that is not accepted is not programmed for the same reason', () => {
  const verdict = { ...setVerdict, conditions: [{ ...accepted, status: false, reason: 'NotAllowed' }] };
  const { conditions } = listenerSetStatus('team/set', verdict, undefined, {}, nowMs) as Status;
  assert.equal(condition(conditions), 'False NotAllowed');
});
