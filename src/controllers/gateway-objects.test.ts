import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Deployment, V1Service } from '@kubernetes/client-node';
import { gatewayObjects, type ManagedKind, type ManagedObject } from './gateway-objects.ts';
import { defaultParameters, type GatewayParameters } from './gateway-parameters.ts';
import { gatewayPort, gatewaySource, proxyPod } from './gateway-testing.ts';

function objects(
  parameters: Partial<GatewayParameters> = {},
  changes: Partial<Parameters<typeof gatewayObjects>[0]> = {},
): ReadonlyMap<ManagedKind, ManagedObject> {
  return gatewayObjects({
    gateway: gatewaySource(),
    ports: [gatewayPort(80)],
    parameters: { ...defaultParameters, ...parameters },
    pod: proxyPod,
    ...changes,
  });
}

function deployment(of: ReadonlyMap<ManagedKind, ManagedObject>): NonNullable<V1Deployment['spec']> {
  return of.get('deployments')?.spec as NonNullable<V1Deployment['spec']>;
}

function service(of: ReadonlyMap<ManagedKind, ManagedObject>): NonNullable<V1Service['spec']> {
  return of.get('services')?.spec as NonNullable<V1Service['spec']>;
}

test('a Gateway has a Deployment, a Service and a ServiceAccount of one name, which belong to it', () => {
  const all = objects();
  assert.deepEqual([...all.keys()], ['serviceAccounts', 'deployments', 'services']);
  for (const { metadata } of all.values()) {
    assert.equal(metadata.name, 'edge-weft');
    assert.equal(metadata.namespace, 'shop');
    assert.equal(metadata.labels?.['gateway.networking.k8s.io/gateway-name'], 'edge');
    assert.deepEqual(
      metadata.ownerReferences?.map(({ kind, name, uid, controller }) => ({ kind, name, uid, controller })),
      [{ kind: 'Gateway', name: 'edge', uid: 'uid-edge', controller: true }],
    );
  }
  assert.equal(deployment(all).template.spec?.serviceAccountName, 'edge-weft');
});

test('labels and annotations of the infrastructure are on everything, and cannot replace ours', () => {
  const infrastructure = {
    labels: { team: 'a', 'weft.dev/inject': 'enabled', 'gateway.networking.k8s.io/gateway-name': 'other' },
    annotations: { note: 'b', 'weft.dev/proxy': 'forged' },
  };
  const all = objects({}, { gateway: gatewaySource({ spec: { infrastructure } }) });
  const template = deployment(all).template.metadata;
  for (const labels of [...[...all.values()].map(({ metadata }) => metadata.labels), template?.labels]) {
    assert.equal(labels?.['team'], 'a');
    assert.equal(labels?.['gateway.networking.k8s.io/gateway-name'], 'edge');
  }
  for (const { metadata } of all.values()) assert.equal(metadata.annotations?.['note'], 'b');
  assert.equal(template?.labels?.['weft.dev/inject'], 'disabled', 'the webhook must leave the pod alone');
  assert.equal(template?.annotations?.['weft.dev/proxy'], '{}');
});

test('the Service has a port for each, TCP and UDP of one number as well, and changing them changes no pod', () => {
  const ports = [gatewayPort(53), gatewayPort(53, 'udp'), gatewayPort(80)];
  const more = objects({}, { ports });
  assert.deepEqual(
    service(more).ports?.map(({ name, port, protocol, targetPort }) => [name, port, protocol, targetPort]),
    [
      ['tcp-53', 53, 'TCP', 53],
      ['udp-53', 53, 'UDP', 53],
      ['tcp-80', 80, 'TCP', 80],
    ],
  );
  assert.deepEqual(deployment(more), deployment(objects()));
});

test('a Gateway without a port that can be served keeps the Service it may have', () => {
  assert.equal(objects({}, { ports: [] }).has('services'), false);
});

test('several proxies have a disruption budget, one has none', () => {
  assert.equal(objects({ replicas: 1 }).has('podDisruptionBudgets'), false);
  assert.deepEqual(objects({ replicas: 2 }).get('podDisruptionBudgets')?.spec, {
    maxUnavailable: 1,
    selector: { matchLabels: { 'gateway.networking.k8s.io/gateway-name': 'edge' } },
  });
});

test('with an autoscaler the number of proxies is nobody else’s', () => {
  const all = objects({ autoscaling: { min: 2, max: 5, cpuPercent: 60 } });
  assert.equal('replicas' in deployment(all), false);
  assert.ok(all.has('podDisruptionBudgets'));
  const spec = all.get('horizontalPodAutoscalers')?.spec as { minReplicas: number; maxReplicas: number };
  assert.deepEqual([spec.minReplicas, spec.maxReplicas], [2, 5]);
});

test('no proxy is taken away before the next one serves', () => {
  assert.deepEqual(deployment(objects()).strategy?.rollingUpdate, { maxUnavailable: 0, maxSurge: '25%' });
});

test('the first static IP address is asked of the load balancer, and of nothing else', () => {
  const addresses = [{ type: 'IPAddress' }, { value: '192.0.2.7' }, { value: '192.0.2.8' }];
  const gateway = gatewaySource({ spec: { addresses } });
  assert.equal(service(objects({}, { gateway })).loadBalancerIP, '192.0.2.7');
  assert.equal(service(objects({ serviceType: 'ClusterIP' }, { gateway })).loadBalancerIP, undefined);
  assert.equal(service(objects()).loadBalancerIP, undefined);
});

test('a Service inside the cluster has no settings for traffic from outside', () => {
  const spec = service(objects({ serviceType: 'ClusterIP' }));
  assert.equal(spec.type, 'ClusterIP');
  assert.equal('externalTrafficPolicy' in spec, false);
});
