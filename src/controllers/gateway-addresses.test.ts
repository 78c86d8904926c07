import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayAddresses } from './gateway-addresses.ts';
import type { ManagedService } from './gateway-sources.ts';

const metadata = { name: 'edge-weft', namespace: 'shop' };

function balanced(
  ...ingress: readonly { readonly ip?: string; readonly hostname?: string }[]
): ManagedService {
  return {
    metadata,
    spec: { type: 'LoadBalancer', clusterIPs: ['10.96.0.7'] },
    status: { loadBalancer: { ingress } },
  };
}

test('a load balancer gives addresses or names', () => {
  assert.deepEqual(gatewayAddresses(undefined, balanced({ ip: '192.0.2.1' }, { hostname: 'lb.example' })), {
    assigned: [
      { type: 'IPAddress', value: '192.0.2.1' },
      { type: 'Hostname', value: 'lb.example' },
    ],
    missing: [],
  });
});

test('until the load balancer has given one there is none, whatever the cluster gave', () => {
  assert.deepEqual(gatewayAddresses(undefined, balanced()).assigned, []);
  assert.deepEqual(gatewayAddresses(undefined, undefined).assigned, []);
});

test('without a load balancer the address is that inside the cluster, of both families', () => {
  for (const type of ['ClusterIP', 'NodePort']) {
    const service = { metadata, spec: { type, clusterIPs: ['10.96.0.7', 'fd00::7'] } };
    assert.deepEqual(
      gatewayAddresses(undefined, service).assigned.map(({ value }) => value),
      ['10.96.0.7', 'fd00::7'],
    );
  }
});

test('what is asked for and not given is missing', () => {
  const requested = [{ type: 'IPAddress', value: '192.0.2.1' }, { value: '192.0.2.9' }];
  assert.deepEqual(gatewayAddresses(requested, balanced({ ip: '192.0.2.1' })).missing, ['192.0.2.9']);
  assert.deepEqual(gatewayAddresses(requested, undefined).missing, ['192.0.2.1', '192.0.2.9']);
});

test('an entry without a value asks for any address', () => {
  assert.deepEqual(gatewayAddresses([{ type: 'IPAddress' }], balanced({ ip: '192.0.2.1' })).missing, []);
});
