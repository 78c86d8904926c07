import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as resources from '../kube/resources.ts';
import { check } from './checks/testing.ts';
import { type Cluster, type Fields, meshCluster } from './testing.ts';

const condition = (type: string, status: string, reason: string, observedGeneration = 1): Fields => ({
  type,
  status,
  reason,
  message: `${reason} it is`,
  observedGeneration,
});
const accepted = condition('Accepted', 'True', 'Accepted');
const programmed = condition('Programmed', 'True', 'Programmed');

/** A Gateway in force, unless told otherwise. */
function putGateway(cluster: Cluster, name: string, status: Fields = {}, gatewayClassName = 'weft'): void {
  const controllers = { weft: 'weft.dev/mesh', other: 'example.com/other' };
  for (const [className, controllerName] of Object.entries(controllers))
    cluster.put(resources.gatewayClasses, className, { spec: { controllerName } });
  const listeners = [
    { name: 'a', attachedRoutes: 2 },
    { name: 'b', attachedRoutes: 1 },
  ];
  const addresses = [{ type: 'IPAddress', value: '192.0.2.1' }];
  const conditions = [accepted, programmed];
  const fields = { spec: { gatewayClassName }, status: { addresses, conditions, listeners, ...status } };
  cluster.put(resources.gateways, name, fields, 'shop');
}

test('weft status shows Gateways of classes of Weft, and only those', async () => {
  const cluster = meshCluster();
  putGateway(cluster, 'edge');
  putGateway(cluster, 'theirs', {}, 'other');
  const { out, exitCode } = await cluster.run('status');
  assert.match(out, /^shop\/edge {2}weft {3}192\.0\.2\.1 {2}yes {9}2 {10}3$/m);
  assert.doesNotMatch(out, /theirs/);
  assert.equal(exitCode, 0);
  assert.doesNotMatch((await cluster.run('status -n bank')).out, /edge/);
});

test('a Gateway that is not in force makes the exit code 1, and shows why', async () => {
  const cluster = meshCluster();
  putGateway(cluster, 'edge', {
    conditions: [accepted, condition('Programmed', 'False', 'AddressNotAssigned')],
  });
  const { out, exitCode } = await cluster.run('status');
  assert.match(out, /no: AddressNotAssigned/);
  assert.equal(exitCode, 1);
});

test('what was said of an older version of a Gateway counts for nothing', async () => {
  const cluster = meshCluster();
  putGateway(cluster, 'edge', { conditions: [accepted, condition('Programmed', 'True', 'Programmed', 0)] });
  assert.match((await cluster.run('status')).out, /no: Pending/);
});

test('without the kind there are no Gateways, and nothing is wrong', async () => {
  const cluster = meshCluster();
  cluster.doNotServe(resources.gateways);
  assert.equal((await cluster.run('status')).exitCode, 0);
  assert.equal((await check(cluster)).of('gateways').level, 'ok');
});

test('weft check passes when all Gateways are in force', async () => {
  const cluster = meshCluster();
  putGateway(cluster, 'edge');
  assert.deepEqual((await check(cluster)).of('gateways'), {
    check: 'gateways',
    level: 'ok',
    message: 'all 1 are in force',
  });
});

test('weft check fails for one that is accepted and not in force', async () => {
  const cluster = meshCluster();
  putGateway(cluster, 'edge');
  putGateway(cluster, 'late', { conditions: [accepted, condition('Programmed', 'False', 'Pending')] });
  const { level, code, details } = (await check(cluster)).of('gateways');
  assert.deepEqual([level, code, details], ['failed', 'WEFT-CHECK-20', ['shop/late Pending: Pending it is']]);
});

test('weft check warns of one that is not accepted, which is its author’s to correct', async () => {
  const cluster = meshCluster();
  const refused = condition('Accepted', 'False', 'InvalidParameters');
  putGateway(cluster, 'edge', { conditions: [refused, condition('Programmed', 'False', 'Invalid')] });
  const { level, details } = (await check(cluster)).of('gateways');
  assert.deepEqual([level, details], ['warning', ['shop/edge InvalidParameters: InvalidParameters it is']]);
});
