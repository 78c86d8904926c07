import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readManifests, shopNamespace } from './shop.ts';

test('the namespace comes first, and everything else lies in it', async () => {
  const [first, ...rest] = await readManifests(undefined);
  assert.equal(first?.kind, 'Namespace');
  assert.equal(first?.metadata.name, shopNamespace);
  assert.equal(first?.metadata.labels?.['weft.dev/inject'], 'enabled');
  assert.ok(rest.length > 20);
  for (const object of rest) assert.equal(object.metadata.namespace, shopNamespace, object.metadata.name);
});

test('an image given replaces the one of every container', async () => {
  const objects = await readManifests('registry.example/sample:1');
  const text = JSON.stringify(objects);
  assert.ok(!text.includes('weft/sample:'));
  const count = objects.filter(({ kind }) => kind === 'Deployment').length;
  assert.equal(text.split('registry.example/sample:1').length - 1, count);
});

test('services select pods that exist, by labels that their pods carry', async () => {
  const objects = (await readManifests(undefined)) as readonly any[];
  const labels = objects
    .filter(({ kind }) => kind === 'Deployment')
    .map(({ spec }) => spec.template.metadata.labels as Record<string, string>);
  const services = objects.filter(({ kind }) => kind === 'Service');
  assert.ok(services.length >= 9);
  for (const { metadata, spec } of services) {
    const wanted = Object.entries(spec.selector as Record<string, string>);
    const found = labels.some((own) => wanted.every(([name, value]) => own[name] === value));
    assert.ok(found, `Service ${metadata.name} selects nothing`);
  }
});

test('every workload runs under an account of its own, which exists', async () => {
  const objects = (await readManifests(undefined)) as readonly any[];
  const accounts = objects
    .filter(({ kind }) => kind === 'ServiceAccount')
    .map(({ metadata }) => metadata.name);
  for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'Deployment')) {
    assert.ok(accounts.includes(spec.template.spec.serviceAccountName), metadata.name);
    assert.equal(spec.template.spec.serviceAccountName, spec.template.metadata.labels.app);
  }
});

test('the canary starts with everything at v1', async () => {
  const route = (await readManifests(undefined)).find(({ kind }) => kind === 'HTTPRoute') as any;
  const weights = route.spec.rules[0].backendRefs.map(({ name, weight }: any) => [name, weight]);
  assert.deepEqual(weights, [
    ['catalog-v1', 100],
    ['catalog-v2', 0],
  ]);
});
