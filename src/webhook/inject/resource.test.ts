import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayResource, workloadResource } from './resource.ts';

function attributes(variables: ReturnType<typeof workloadResource>): Record<string, string> {
  const value = variables.find(({ name }) => name === 'OTEL_RESOURCE_ATTRIBUTES')?.value ?? '';
  return Object.fromEntries(value.split(',').map((pair) => pair.split('=') as [string, string]));
}

const owned = (kind: string, name: string) => [{ apiVersion: 'v1', kind, name, uid: 'u', controller: true }];

test('a pod of a Deployment is of the service that the Deployment is, in its version', () => {
  const labels = { 'pod-template-hash': 'x1', version: 'v2' };
  const seen = attributes(workloadResource({ labels, ownerReferences: owned('ReplicaSet', 'web-x1') }));
  assert.deepEqual(seen, {
    'service.name': 'web',
    'service.version': 'v2',
    'k8s.deployment.name': 'web',
    'service.namespace': '$(POD_NAMESPACE)',
    'service.instance.id': '$(POD_UID)',
    'k8s.namespace.name': '$(POD_NAMESPACE)',
    'k8s.pod.name': '$(POD_NAME)',
    'k8s.pod.uid': '$(POD_UID)',
  });
});

test('a pod of its own, and a template that nobody owns yet, is the service of its name', () => {
  assert.equal(attributes(workloadResource({ name: 'lone' }))['service.name'], '$(POD_NAME)');
  assert.equal(attributes(workloadResource())['service.name'], '$(POD_NAME)');
});

test('a kind that OpenTelemetry has no attribute for is told by the name of the service alone', () => {
  const seen = attributes(workloadResource({ ownerReferences: owned('Rollout', 'web') }));
  assert.equal(seen['service.name'], 'web');
  assert.deepEqual(
    Object.keys(seen).filter((name) => name.startsWith('k8s.') && name.endsWith('.name')),
    ['k8s.namespace.name', 'k8s.pod.name'],
  );
});

test('a gateway is the service of its Gateway, which its pods know from a label', () => {
  const variables = gatewayResource('example/gateway');
  assert.equal(variables[0]?.valueFrom?.fieldRef?.fieldPath, "metadata.labels['example/gateway']");
  assert.equal(attributes(variables)['service.name'], '$(GATEWAY_NAME)');
});
