/** Objects with every field that the mesh's projections read set, and others with none of them. */

import * as resources from '../../src/kube/resources.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../src/kube/types.ts';

export const richNamespace = 'rich';

/** Kubernetes objects are written here as one would in YAML. */
type Written = KubeObject & Readonly<Record<string, unknown>>;

export async function populate(api: KubeClient): Promise<void> {
  const create = (type: ResourceType, object: Written): Promise<Written> => api.create(type, object);
  const namespace = richNamespace;
  await create(resources.namespaces, {
    metadata: {
      name: namespace,
      labels: { 'weft.dev/inject': 'enabled', empty: '' },
      annotations: { 'example.com/note': 'größe 😀\nnext line' },
      finalizers: ['example.com/keep'],
    },
  });
  await create(resources.serviceAccounts, { metadata: { name: 'default', namespace } });
  await create(resources.serviceAccounts, { metadata: { name: 'web', namespace } });
  await create(resources.nodes, {
    metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': 'z1' } },
    spec: { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24', 'fd00:1::/64'] },
  });
  await create(resources.nodes, { metadata: { name: 'node-2' } });
  await create(resources.services, {
    metadata: { name: 'rich', namespace, labels: { app: 'web' } },
    spec: {
      selector: { app: 'web', tier: '' },
      ports: [
        { name: 'http', port: 80, targetPort: 'web', appProtocol: 'kubernetes.io/h2c' },
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353 },
        { name: 'big', port: 65_535 },
      ],
    },
  });
  await create(resources.services, {
    metadata: { name: 'plain', namespace },
    spec: { ports: [{ port: 8080 }] },
  });
  await create(resources.services, {
    metadata: { name: 'headless', namespace },
    spec: {
      clusterIP: 'None',
      selector: { app: 'web' },
      publishNotReadyAddresses: true,
      ports: [{ port: 1 }],
    },
  });
  await create(resources.services, {
    metadata: { name: 'external', namespace },
    spec: { type: 'ExternalName', externalName: 'example.com' },
  });
  await create(resources.endpointSlices, {
    metadata: { name: 'rich-1', namespace, labels: { 'kubernetes.io/service-name': 'rich' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }, { port: 9000 }, { name: 'all' }],
    endpoints: [
      {
        addresses: ['10.1.0.5'],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: 'Pod', namespace, name: 'rich', uid: 'u' },
        nodeName: 'node-1',
        zone: 'z1',
        hostname: 'rich-0',
      },
      { addresses: ['10.1.0.6'], conditions: { ready: false, serving: true, terminating: true } },
      { addresses: ['10.1.0.7'] },
    ],
  });
  await create(resources.endpointSlices, {
    metadata: { name: 'orphan', namespace },
    addressType: 'IPv6',
    endpoints: [],
  });
  await createPods(api, create);
}

async function createPods(
  api: KubeClient,
  create: (type: ResourceType, object: Written) => Promise<Written>,
): Promise<void> {
  const namespace = richNamespace;
  const containers = [{ name: 'app', image: 'example.com/app:1', ports: [{ containerPort: 8080 }] }];
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'rich-5d4f',
    uid: 'u-1',
    controller: true,
  };
  const rich = await create(resources.pods, {
    metadata: {
      name: 'rich',
      namespace,
      labels: { app: 'web', 'pod-template-hash': '5d4f' },
      annotations: { 'weft.dev/proxy': '{"version":"1"}' },
      ownerReferences: [{ ...owner, blockOwnerDeletion: false }],
      finalizers: ['example.com/keep'],
    },
    spec: { serviceAccountName: 'web', nodeName: 'node-1', containers },
  });
  await api.updateStatus<Written>(resources.pods, {
    ...rich,
    status: {
      phase: 'Running',
      podIP: '10.1.0.5',
      podIPs: [{ ip: '10.1.0.5' }, { ip: 'fd00:1::5' }],
      hostIP: '192.0.2.7',
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: 'True', lastTransitionTime: '2026-09-01T12:00:00Z' },
      ],
    },
  });
  await create(resources.pods, { metadata: { name: 'plain', namespace }, spec: { containers } });
  await create(resources.pods, {
    metadata: { name: 'host', namespace },
    spec: { hostNetwork: true, containers },
  });
  const done = await create(resources.pods, { metadata: { name: 'done', namespace }, spec: { containers } });
  await api.updateStatus<Written>(resources.pods, { ...done, status: { phase: 'Succeeded' } });
  // Its finalizer keeps it, with a deletionTimestamp.
  const leaving = { name: 'leaving', namespace, finalizers: ['example.com/keep'] };
  await create(resources.pods, { metadata: leaving, spec: { containers, nodeName: 'node-1' } });
  await api.delete(resources.pods, 'leaving', namespace);
}
