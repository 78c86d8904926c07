import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationListener } from './listener-destination.ts';
import { type DestinationPlan, planDestination } from './plan.ts';
import { decode, path, testProfile } from './testing.ts';
import type { Protocol } from '../../mesh/model.ts';

function planOf(protocol: Protocol): DestinationPlan {
  const target = {
    kind: 'service',
    address: '10.96.0.10',
    port: 80,
    servicePort: 'shop/web:80',
    protocol,
  } as const;
  return planDestination('10.96.0.10:80', target);
}

function filters(chain: unknown): readonly string[] {
  return (chain as { filters: { name: string }[] }).filters.map(({ name }) => name);
}

for (const protocol of ['http', 'http2', 'grpc'] as const) {
  test(`${protocol} is routed without looking at the connection first`, () => {
    const json = decode('listener', destinationListener(planOf(protocol), testProfile));
    assert.deepEqual(filters(path(json, 'filterChains', 0)), ['http']);
    assert.equal(json['listenerFilters'], undefined);
    assert.equal(json['defaultFilterChain'], undefined);
    assert.equal(
      path(json, 'filterChains', 0, 'filters', 0, 'typedConfig', 'rds', 'routeConfigName'),
      'svc/shop/web:80',
    );
  });
}

test('opaque TCP goes to its cluster at once, marked as opaque', () => {
  const resource = destinationListener(planOf('tcp'), testProfile);
  const json = decode('listener', resource);
  assert.deepEqual(filters(path(json, 'filterChains', 0)), ['alpn', 'tcp']);
  assert.equal(json['listenerFilters'], undefined);
  assert.deepEqual(resource.needs, [{ kind: 'cluster', name: 'svc/shop/web:80' }]);
});

test('detection routes what is HTTP and takes everything else, and silence, for opaque TCP', () => {
  const json = decode('listener', destinationListener(planOf('detect'), testProfile));
  assert.deepEqual(path(json, 'filterChains', 0, 'filterChainMatch'), {
    applicationProtocols: ['http/1.0', 'http/1.1', 'h2c'],
  });
  assert.deepEqual(filters(path(json, 'filterChains', 0)), ['http']);
  assert.deepEqual(filters(path(json, 'defaultFilterChain')), ['alpn', 'tcp']);
  assert.equal(json['continueOnListenerFiltersTimeout'], true);
  assert.equal(json['listenerFiltersTimeout'], '0.200s');
});

test('the listener of a destination has its address and binds no port', () => {
  const { name, address, bindToPort } = decode(
    'listener',
    destinationListener(planOf('detect'), testProfile),
  );
  assert.equal(name, 'vl/10.96.0.10:80');
  assert.deepEqual(address, { socketAddress: { address: '10.96.0.10', portValue: 80 } });
  assert.equal(bindToPort, false);
});
