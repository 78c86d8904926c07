import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesOf, poolAddresses } from './addresses.ts';
import { AddressPool, type BalancedService } from './load-balancer.ts';

const addresses = addressesOf(2);

function service(name: string, spec: BalancedService['spec'] = {}, ip?: string): BalancedService {
  return {
    metadata: { namespace: 'test', name, uid: name },
    spec: { type: 'LoadBalancer', ...spec },
    ...(ip === undefined ? {} : { status: { loadBalancer: { ingress: [{ ip }] } } }),
  };
}

test('each Service gets an address of its own, and keeps it', () => {
  const pool = new AddressPool(addresses);
  const first = pool.assign(service('a'));
  const second = pool.assign(service('b'));
  assert.notEqual(first, second);
  assert.equal(pool.assign(service('a', {}, first)), first);
});

test('an address that was given back is not given out again at once', () => {
  const pool = new AddressPool(addresses);
  const first = pool.assign(service('a'));
  pool.release('a');
  assert.notEqual(pool.assign(service('b')), first);
});

test('a named address is granted to one Service', () => {
  const pool = new AddressPool(addresses);
  const wanted = { loadBalancerIP: addresses.staticAddress };
  assert.equal(pool.assign(service('a', wanted)), addresses.staticAddress);
  assert.equal(pool.assign(service('b', wanted)), undefined);
  pool.release('a');
  assert.equal(pool.assign(service('b', wanted)), addresses.staticAddress);
});

test('the refused address and those of other networks are granted to nobody', () => {
  const pool = new AddressPool(addresses);
  assert.equal(pool.assign(service('a', { loadBalancerIP: addresses.refusedAddress })), undefined);
  assert.equal(pool.assign(service('a', { loadBalancerIP: '192.0.2.1' })), undefined);
});

test('a Service of another type has no address, and gives back the one it had', () => {
  const pool = new AddressPool(addresses);
  const first = pool.assign(service('a'));
  assert.equal(pool.assign(service('a', { type: 'ClusterIP' }, first)), undefined);
  assert.equal(pool.assign(service('b', { loadBalancerIP: first ?? '' })), first);
});

test('when all addresses are taken a Service has to wait for one', () => {
  const pool = new AddressPool(addresses);
  const given = poolAddresses(addresses).map((_, index) => pool.assign(service(`s${index}`)));
  assert.equal(new Set(given).size, given.length);
  assert.equal(pool.assign(service('late')), undefined);
  pool.release('s7');
  assert.equal(pool.assign(service('late')), given[7]);
});
