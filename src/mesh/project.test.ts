import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  projectEndpointSlice,
  projectMeshConfig,
  projectNode,
  projectPod,
  projectService,
} from './project.ts';
import { projectHTTPRoute } from './project-routes.ts';
import { meshConfig, pod, podEndpoint, route, service, slice } from './testing-objects.ts';

test('a Service of type ExternalName has no part in the mesh', () => {
  assert.equal(projectService(service('shop/web', '', [], { type: 'ExternalName' })), undefined);
});

test('a headless Service has no addresses', () => {
  const projected = projectService(service('shop/web', 'None'));
  assert.equal(projected?.headless, true);
  assert.deepEqual(projected?.addresses, []);
});

test('a Service that has no address yet is not headless', () => {
  const projected = projectService({ metadata: { namespace: 'shop', name: 'web' }, spec: {} });
  assert.equal(projected?.headless, false);
  assert.deepEqual(projected?.addresses, []);
});

test('both addresses of a dual-stack Service count, the first family is primary', () => {
  const projected = projectService(
    service('shop/web', 'fd00::1', [], {
      clusterIPs: ['fd00::1', '10.96.0.1'],
      ipFamilies: ['IPv6', 'IPv4'],
    }),
  );
  assert.deepEqual(projected?.addresses, ['fd00::1', '10.96.0.1']);
  assert.equal(projected?.primaryFamily, 'IPv6');
});

test('TCP ports and UDP ports stand apart', () => {
  const ports = [
    { name: 'a', port: 1 },
    { name: 'b', port: 2, protocol: 'UDP' },
    { port: 3, protocol: 'TCP' },
  ];
  assert.deepEqual(projectService(service('shop/web', '10.96.0.1', ports))?.ports, [
    { name: 'a', port: 1 },
    { name: '', port: 3 },
  ]);
  assert.deepEqual(projectService(service('shop/web', '10.96.0.1', ports))?.udpPorts, [
    { name: 'b', port: 2 },
  ]);
  const projected = projectEndpointSlice(slice('shop/web-a', 'web', [], [...ports, { name: 'all' }]));
  assert.deepEqual(projected?.ports, [
    { name: 'a', port: 1 },
    { name: '', port: 3 },
  ]);
  assert.deepEqual(projected?.udpPorts, [{ name: 'b', port: 2 }]);
});

test('a slice of no Service, or of host names, has no part in the mesh', () => {
  const plain = slice('shop/web-a', 'web', []);
  assert.equal(projectEndpointSlice({ ...plain, addressType: 'FQDN' }), undefined);
  assert.equal(projectEndpointSlice({ ...plain, metadata: { name: 'x', namespace: 'shop' } }), undefined);
});

test('conditions of endpoints mean what EndpointSlice says, also where they are absent', () => {
  const cases = [
    { conditions: undefined, ready: true, draining: false },
    { conditions: {}, ready: true, draining: false },
    { conditions: { ready: true }, ready: true, draining: false },
    { conditions: { ready: false }, ready: false, draining: false },
    { conditions: { ready: false, serving: true, terminating: true }, ready: false, draining: true },
    { conditions: { ready: false, serving: false, terminating: true }, ready: false, draining: false },
    { conditions: { ready: false, terminating: true }, ready: false, draining: false },
    { conditions: { ready: false, serving: true, terminating: false }, ready: false, draining: false },
  ];
  for (const { conditions, ready, draining } of cases) {
    const endpoint = { addresses: ['10.0.0.1'], ...(conditions === undefined ? {} : { conditions }) };
    const [projected] = projectEndpointSlice(slice('shop/web-a', 'web', [endpoint]))?.endpoints ?? [];
    assert.deepEqual({ ready: projected?.ready, draining: projected?.draining }, { ready, draining });
  }
});

test('an endpoint has its first address and its pod, in the namespace of the slice unless said otherwise', () => {
  const endpoints = [
    { addresses: ['10.0.0.1', '10.0.0.2'], targetRef: { kind: 'Pod', name: 'web-1' } },
    { addresses: ['10.0.0.3'], targetRef: { kind: 'Node', name: 'n1' } },
    { addresses: [] },
    podEndpoint('other/web-2', '10.0.0.4'),
  ];
  const projected = projectEndpointSlice(slice('shop/web-a', 'web', endpoints))?.endpoints;
  assert.deepEqual(
    projected?.map(({ address, pod: name }) => [address, name]),
    [
      ['10.0.0.1', 'shop/web-1'],
      ['10.0.0.3', undefined],
      ['10.0.0.4', 'other/web-2'],
    ],
  );
});

test('a pod that has ended does not exist', () => {
  for (const phase of ['Succeeded', 'Failed'])
    assert.equal(projectPod(pod('shop/a', '10.0.0.1', { phase })), undefined);
  assert.notEqual(projectPod(pod('shop/a', '10.0.0.1', { phase: 'Pending' })), undefined);
});

test('a pod is meshed when the webhook wrote its annotation, and never on the network of its node', () => {
  assert.equal(projectPod(pod('shop/a', '10.0.0.1'))?.meshed, true);
  assert.equal(projectPod(pod('shop/a', '10.0.0.1', { meshed: false }))?.meshed, false);
  const onHost = projectPod(pod('shop/a', '192.168.0.1', { hostNetwork: true }));
  assert.equal(onHost?.meshed, false);
  assert.deepEqual(onHost?.addresses, []);
});

test('a pod without an address yet has none', () => {
  const plain = pod('shop/a', '10.0.0.1');
  assert.deepEqual(projectPod({ ...plain, status: { phase: 'Pending' } })?.addresses, []);
  assert.deepEqual(projectPod({ metadata: plain.metadata })?.addresses, []);
});

test('a node has the zone of its label and its pod ranges', () => {
  const metadata = { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } };
  assert.deepEqual(projectNode({ metadata, spec: { podCIDR: '10.0.0.0/24' } }), {
    zone: 'z1',
    podCIDRs: ['10.0.0.0/24'],
  });
  assert.deepEqual(projectNode({ metadata: { name: 'n2' } }), { zone: '', podCIDRs: [] });
});

test('a route is kept whatever its parents are, with its hostnames', () => {
  const gateway = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' };
  const plain = route('shop/r', [gateway], []);
  assert.deepEqual(projectHTTPRoute(plain).parentRefs, [gateway]);
  assert.deepEqual(projectHTTPRoute(plain).hostnames, []);
  const named = { ...plain, spec: { ...plain.spec, hostnames: ['a.example'] } };
  assert.deepEqual(projectHTTPRoute(named).hostnames, ['a.example']);
});

test('only the MeshConfig named default counts', () => {
  assert.equal(projectMeshConfig(meshConfig({}, 'other')), undefined);
  assert.equal(projectMeshConfig(meshConfig({ trustDomain: 'corp.example' }))?.trustDomain, 'corp.example');
});
