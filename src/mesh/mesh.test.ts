import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { contents, createTestMesh, type TestMesh } from './testing.ts';

let graph: Graph;
let world: TestMesh;

beforeEach(() => {
  graph = new Graph({ onError: (error) => assert.ifError(error) });
  world = createTestMesh(graph);
});

const shop = `
apiVersion: v1
kind: Node
metadata: { name: n1, labels: { topology.kubernetes.io/zone: z1 } }
spec: { podCIDR: 10.244.0.0/24 }
---
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: web }
spec:
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10]
  ipFamilies: [IPv4]
  selector: { app: web }
  ports:
    - { name: http, port: 80, targetPort: 8080, protocol: TCP }
    - { name: tcp-admin, port: 9000, targetPort: 9000, protocol: TCP }
    - { name: dns, port: 53, protocol: UDP }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: shop, name: web-abc, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports:
  - { name: http, port: 8080, protocol: TCP }
  - { name: tcp-admin, port: 9000, protocol: TCP }
endpoints:
  - addresses: [10.244.0.7]
    conditions: { ready: true, serving: true, terminating: false }
    targetRef: { kind: Pod, namespace: shop, name: web-6c5-x1 }
    zone: z1
    nodeName: n1
  - addresses: [10.244.0.8]
    conditions: { ready: true, serving: true, terminating: false }
    targetRef: { kind: Pod, namespace: shop, name: web-6c5-x2 }
    zone: z1
---
apiVersion: v1
kind: Pod
metadata:
  namespace: shop
  name: web-6c5-x1
  uid: u1
  creationTimestamp: "2026-01-01T00:00:00Z"
  labels: { app: web, pod-template-hash: 6c5, version: v1 }
  annotations: { weft.dev/proxy: '{}' }
  ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: web-6c5, uid: r, controller: true }]
spec: { nodeName: n1, serviceAccountName: web }
status: { phase: Running, podIPs: [{ ip: 10.244.0.7 }], conditions: [{ type: Ready, status: "True" }] }
---
apiVersion: v1
kind: Pod
metadata:
  namespace: shop
  name: web-6c5-x2
  uid: u2
  labels: { app: web }
spec: { nodeName: n1 }
status: { phase: Running, podIPs: [{ ip: 10.244.0.8 }] }
`;

test('a Service, its slices and pods become ports, endpoints, pods and workloads', async () => {
  await world.apply(shop);
  const { mesh } = world;
  assert.deepEqual([...mesh.servicePorts.keys()].sort(), ['shop/web:53/udp', 'shop/web:80', 'shop/web:9000']);
  assert.deepEqual(contents(mesh.endpoints)['shop/web:80'], {
    endpoints: [
      {
        address: '10.244.0.7',
        port: 8080,
        zone: 'z1',
        pod: 'shop/web-6c5-x1',
        identity: 'spiffe://cluster.local/ns/shop/sa/web',
      },
      {
        address: '10.244.0.8',
        port: 8080,
        zone: 'z1',
        pod: 'shop/web-6c5-x2',
        peer: 'plain|shop|Pod/web-6c5-x2|',
      },
    ],
    identities: ['spiffe://cluster.local/ns/shop/sa/web'],
  });
  assert.deepEqual(contents(mesh.workloads), {
    'shop/Deployment/web': {
      namespace: 'shop',
      kind: 'Deployment',
      name: 'web',
      serviceAccount: 'web',
      mtls: { mode: 'Permissive', tcpPorts: [9000], httpPorts: [8080] },
    },
  });
  assert.equal(mesh.pods.get('shop/web-6c5-x2')?.workload, 'shop/Pod/web-6c5-x2');
});

test('only used addresses become destinations, and used HTTP ports get a route table', async () => {
  await world.apply(shop);
  assert.equal(world.mesh.destinations.size, 0);
  await world.use(
    'shop/Deployment/web',
    '10.96.0.10:80',
    '10.96.0.10:9000',
    '10.244.0.7:8080',
    '1.1.1.1:443',
  );
  assert.deepEqual(contents(world.mesh.destinations), {
    '10.244.0.7:8080': {
      kind: 'pod',
      address: '10.244.0.7',
      port: 8080,
      pod: 'shop/web-6c5-x1',
      protocol: 'http',
      identity: 'spiffe://cluster.local/ns/shop/sa/web',
    },
    '10.96.0.10:80': {
      kind: 'service',
      address: '10.96.0.10',
      port: 80,
      servicePort: 'shop/web:80',
      protocol: 'http',
    },
    '10.96.0.10:9000': {
      kind: 'service',
      address: '10.96.0.10',
      port: 9000,
      servicePort: 'shop/web:9000',
      protocol: 'tcp',
    },
  });
  assert.deepEqual(contents(world.mesh.routeTables), {
    'shop/web:80': {
      servicePort: 'shop/web:80',
      rules: [
        {
          match: { path: { type: 'PathPrefix', value: '/' }, headers: [], query: [] },
          filters: { mirrors: [] },
          backends: [{ servicePort: 'shop/web:80', weight: 1 }],
          route: '',
        },
      ],
    },
  });
});
