import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { WeftError } from '../base/errors.ts';
import './errors.ts';
import {
  defaultParameters,
  parameterRows,
  projectParameters,
  proxyParameters,
  readParameters,
} from './gateway-parameters.ts';

test('an empty ConfigMap sets nothing, and nothing set is the default', () => {
  assert.deepEqual(readParameters({}), defaultParameters);
});

test('every setting is read', () => {
  assert.deepEqual(
    readParameters({
      'autoscaling-min': '3',
      'autoscaling-max': '9',
      'autoscaling-cpu': '50',
      'max-unavailable': '25%',
      'service-type': 'LoadBalancer',
      'load-balancer-class': 'example.com/internal',
      'external-traffic-policy': 'Local',
      'node-selector': 'pool=edge, disk=ssd',
      'priority-class': 'high',
      cpu: '500m',
      'drain-seconds': '30',
    }),
    {
      replicas: 1,
      autoscaling: { min: 3, max: 9, cpuPercent: 50 },
      maxUnavailable: '25%',
      serviceType: 'LoadBalancer',
      loadBalancerClass: 'example.com/internal',
      externalTrafficPolicy: 'Local',
      nodeSelector: { pool: 'edge', disk: 'ssd' },
      priorityClassName: 'high',
      proxy: { cpu: '500m', 'drain-seconds': '30' },
    },
  );
});

test('an autoscaler with a maximum alone keeps at least two proxies, or as many as it may', () => {
  assert.deepEqual(readParameters({ 'autoscaling-max': '5' }).autoscaling, {
    min: 2,
    max: 5,
    cpuPercent: 70,
  });
  assert.deepEqual(readParameters({ 'autoscaling-max': '1' }).autoscaling, {
    min: 1,
    max: 1,
    cpuPercent: 70,
  });
});

const refusals: readonly (readonly [string, Record<string, string>, string])[] = [
  ['a key that is no setting', { replica: '2' }, 'replica'],
  ['a number out of range', { replicas: '0' }, 'replicas'],
  ['a number that is none', { replicas: 'two' }, 'replicas'],
  ['a share above a hundred percent', { 'max-unavailable': '101%' }, 'max-unavailable'],
  ['an unknown type of Service', { 'service-type': 'ExternalName' }, 'service-type'],
  ['labels without a value', { 'node-selector': 'edge' }, 'node-selector'],
  ['replicas beside an autoscaler', { replicas: '2', 'autoscaling-max': '3' }, 'replicas'],
  ['a minimum without a maximum', { 'autoscaling-min': '2' }, 'autoscaling-min'],
  ['a minimum above the maximum', { 'autoscaling-min': '4', 'autoscaling-max': '3' }, 'autoscaling-min'],
  [
    'a class of load balancer without one',
    { 'service-type': 'ClusterIP', 'load-balancer-class': 'a' },
    'load-balancer-class',
  ],
  [
    'a policy for traffic from outside where none comes',
    { 'service-type': 'ClusterIP', 'external-traffic-policy': 'Local' },
    'external-traffic-policy',
  ],
];

for (const [what, data, key] of refusals) {
  test(`refuses ${what}, and names the key`, () => {
    assert.throws(
      () => readParameters(data),
      (error) => error instanceof WeftError && error.code === 'WEFT-GW-01' && error.field === `data[${key}]`,
    );
  });
}

test('of all ConfigMaps only those with a setting of gateways are kept', () => {
  const metadata = { name: 'edge' };
  assert.equal(projectParameters({ metadata, data: { 'nginx.conf': 'x' } }), undefined);
  assert.equal(projectParameters({ metadata }), undefined);
  assert.deepEqual(projectParameters({ metadata, data: { cpu: '1', typo: 'x' } }), { cpu: '1', typo: 'x' });
});

test('every setting has its line in the documentation', async () => {
  const page = await readFile(new URL('../../docs/kinds/gateway-parameters.md', import.meta.url), 'utf8');
  for (const key of [...parameterRows.map((row) => row.key), ...proxyParameters]) {
    assert.ok(page.includes(`\`${key}\``), key);
  }
});
