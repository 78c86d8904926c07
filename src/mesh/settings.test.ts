import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';
import { parse } from 'yaml';
import { Graph } from '../graph/graph.ts';
import { configDefaults } from './settings.ts';
import { meshConfig } from './testing-objects.ts';
import { createTestMesh, type TestMesh, testDefaults } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: (error) => assert.ifError(error) }));
  await world.apply();
});

interface Schema {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** What the API server fills in. */
function filledIn(schema: Schema): unknown {
  if (schema.properties === undefined || schema.default === undefined) return schema.default;
  const fields = Object.entries(schema.properties).map(
    ([name, property]) => [name, filledIn(property)] as const,
  );
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

test('without a MeshConfig the defaults are those of the CRD', () => {
  const crd = parse(readFileSync(new URL('../../crds/weft.dev_meshconfigs.yaml', import.meta.url), 'utf8'), {
    maxAliasCount: 1000,
  }) as {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: Schema } } } }[] };
  };
  const spec = crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec;
  assert.ok(spec !== undefined);
  assert.deepEqual(filledIn(spec), configDefaults);
});

test('settings are there from the start, with the images that the control plane was started with', () => {
  const settings = world.mesh.settings.get('default');
  assert.equal(settings?.trustDomain, 'cluster.local');
  assert.equal(settings?.mtls, 'Permissive');
  assert.equal(settings?.outbound, 'Allow');
  assert.equal(settings?.proxy.image, testDefaults.image);
  assert.equal(settings?.proxy.cpuRequest, '10m');
  assert.equal('cpuLimit' in (settings?.proxy ?? {}), false);
});

test('MeshConfig overrides them, and its deletion brings them back', async () => {
  const proxy = {
    ...configDefaults.proxy,
    image: 'envoy:own',
    resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
  };
  await world.apply(meshConfig({ mtls: { mode: 'Strict' }, outbound: { policy: 'Deny' }, proxy }));
  const settings = world.mesh.settings.get('default');
  assert.equal(settings?.mtls, 'Strict');
  assert.equal(settings?.outbound, 'Deny');
  assert.equal(settings?.proxy.image, 'envoy:own');
  assert.equal(settings?.proxy.cpuLimit, '2');
  assert.equal(settings?.proxy.memoryLimit, '2Gi');
  await world.remove('MeshConfig default');
  assert.equal(world.mesh.settings.get('default')?.mtls, 'Permissive');
});

test('address ranges are the private ones and those of ServiceCIDRs and nodes, unless MeshConfig says otherwise', async () => {
  const ranges = () => world.mesh.settings.get('default')?.meshCIDRs;
  const privateRanges = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];
  assert.deepEqual(ranges(), [...privateRanges, 'fc00::/7']);
  await world.apply(
    {
      kind: 'ServiceCIDR',
      metadata: { name: 'kubernetes' },
      spec: { cidrs: ['10.96.0.0/16', '2001:db8::/108'] },
    } as never,
    { kind: 'Node', metadata: { name: 'n1' }, spec: { podCIDRs: ['203.0.112.0/24'] } } as never,
    { kind: 'Node', metadata: { name: 'n2' }, spec: { podCIDRs: ['203.0.113.0/24'] } } as never,
  );
  assert.deepEqual(ranges(), [...privateRanges, '203.0.112.0/23', '2001:db8::/108', 'fc00::/7']);
  await world.apply(meshConfig({ outbound: { policy: 'Allow', meshCIDRs: ['172.20.0.0/16'] } }));
  assert.deepEqual(ranges(), ['172.20.0.0/16']);
});
