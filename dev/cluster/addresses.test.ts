import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import { addressesOf, hostCommands, maxClusters, nodeCommands } from './addresses.ts';

test('no two clusters share an address', () => {
  const all = Array.from({ length: maxClusters }, (_, index) => addressesOf(index));
  for (const one of all) {
    const taken = new BlockList();
    for (const cidr of [one.podCidr, one.serviceCidr, one.loadBalancerCidr, `${one.host}/30`]) {
      const [network = '', bits = ''] = cidr.split('/');
      taken.addSubnet(network, Number(bits));
    }
    assert.ok(taken.check(one.node));
    assert.ok(taken.check(one.apiService));
    for (const other of all) {
      if (other.index === one.index) continue;
      for (const cidr of [other.podCidr, other.serviceCidr, other.loadBalancerCidr, other.host, other.node]) {
        assert.equal(
          taken.check(cidr.split('/')[0] ?? ''),
          false,
          `${one.index} and ${other.index}: ${cidr}`,
        );
      }
    }
  }
});

test('the host reaches pods and Services through the node, and the node has no way off the machine', () => {
  const addresses = addressesOf(3);
  assert.match(hostCommands(addresses), /^route add 10\.244\.3\.0\/24 via 198\.51\.100\.14 dev weft3$/m);
  assert.match(hostCommands(addresses), /^route add 10\.96\.48\.0\/20 via 198\.51\.100\.14 dev weft3$/m);
  assert.doesNotMatch(nodeCommands(addresses), /default|0\.0\.0\.0/);
});

test('an index out of range is refused', () => {
  assert.throws(() => addressesOf(maxClusters), RangeError);
  assert.throws(() => addressesOf(-1), RangeError);
});
