import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownerOf } from './owner.ts';

function controlledBy(kind: string, name: string, labels: Record<string, string> = {}) {
  const owner = { apiVersion: 'v1', kind, name, uid: 'u', controller: true };
  return ownerOf({ name: 'pod', labels, ownerReferences: [owner] });
}

test('a pod of a Deployment belongs to it, whatever the revision', () => {
  assert.deepEqual(controlledBy('ReplicaSet', 'web-v2-6c5f', { 'pod-template-hash': '6c5f' }), {
    kind: 'Deployment',
    name: 'web-v2',
  });
});

test('a ReplicaSet that no Deployment made stands for itself', () => {
  assert.deepEqual(controlledBy('ReplicaSet', 'web-6c5f'), { kind: 'ReplicaSet', name: 'web-6c5f' });
  assert.deepEqual(controlledBy('ReplicaSet', 'web', { 'pod-template-hash': 'x' }), {
    kind: 'ReplicaSet',
    name: 'web',
  });
});

test('the revisions of a Rollout are one workload', () => {
  assert.deepEqual(controlledBy('ReplicaSet', 'web-7d', { 'rollouts-pod-template-hash': '7d' }), {
    kind: 'Rollout',
    name: 'web',
  });
});

test('other controllers stand for themselves', () => {
  for (const kind of ['StatefulSet', 'DaemonSet', 'Job']) {
    assert.deepEqual(controlledBy(kind, 'db'), { kind, name: 'db' });
  }
});

test('a pod without a controller, or of its node, is a workload of its own', () => {
  assert.deepEqual(ownerOf({ name: 'alone' }), { kind: 'Pod', name: 'alone' });
  assert.deepEqual(controlledBy('Node', 'n1'), { kind: 'Pod', name: 'pod' });
  const reference = { apiVersion: 'v1', kind: 'Custom', name: 'c', uid: 'u' };
  assert.deepEqual(ownerOf({ name: 'alone', ownerReferences: [reference] }), { kind: 'Pod', name: 'alone' });
});
