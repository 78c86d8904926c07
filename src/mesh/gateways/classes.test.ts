import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Graph } from '../../graph/graph.ts';
import type { KubeGatewayClass } from '../kubernetes-gateways.ts';
import { createTestMesh, type TestMesh } from '../testing.ts';
import { gateway, listener, summarize, weftClass } from './testing.ts';

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: assert.ifError }));
  await world.apply(weftClass);
});

const definition = (bundleVersion: string, channel = 'experimental') => ({
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'gatewayclasses.gateway.networking.k8s.io',
    annotations: {
      'gateway.networking.k8s.io/bundle-version': bundleVersion,
      'gateway.networking.k8s.io/channel': channel,
    },
  },
});

const verdict = () => world.mesh.gateway.gatewayClassVerdicts.get('weft');

test('a class is accepted, and says whether the installed release is one that Weft knows', async () => {
  const version = async (installed: string) => {
    await world.apply(definition(installed));
    return summarize(verdict()?.conditions);
  };
  assert.deepEqual(await version('v1.6.3'), {
    Accepted: 'True/Accepted',
    SupportedVersion: 'True/SupportedVersion',
  });
  assert.equal((await version('v1.2.0'))['SupportedVersion'], 'False/UnsupportedVersion');
  assert.equal((await version('v1.60.0'))['SupportedVersion'], 'False/UnsupportedVersion');
  assert.equal((await version('main-dev'))['SupportedVersion'], 'False/UnsupportedVersion');
  await world.remove('CustomResourceDefinition gatewayclasses.gateway.networking.k8s.io');
  assert.equal(summarize(verdict()?.conditions)['SupportedVersion'], 'False/UnsupportedVersion');
});

test('the verdict follows the generation of the class', async () => {
  await world.apply({ ...weftClass, metadata: { name: 'weft', generation: 2 } });
  assert.equal(verdict()?.generation, 2);
});

test('features are published in ascending order, each once', async () => {
  await world.apply(definition('v1.6.3'));
  const features = verdict()?.supportedFeatures ?? [];
  assert.ok(features.length > 40);
  assert.deepEqual(features, [...new Set(features)].sort());
});

test('what the cluster has no kind or field for is not claimed', async () => {
  await world.apply(definition('v1.6.3', 'standard'));
  world.sources.missingKinds.set('udproutes', true);
  await world.apply(definition('v1.6.3', 'standard'));
  const features = verdict()?.supportedFeatures ?? [];
  assert.equal(features.includes('UDPRoute'), false);
  assert.equal(features.includes('HTTPRouteRetry'), false);
  assert.equal(features.includes('HTTPRoute'), true);
});

test('a class with parameters is not accepted, nor is a Gateway of it', async () => {
  const withParameters: KubeGatewayClass = {
    ...weftClass,
    spec: { ...weftClass.spec, parametersRef: { group: '', kind: 'ConfigMap', name: 'x' } },
  };
  await world.apply(withParameters, gateway('edge/public', [listener('http')]));
  assert.equal(summarize(verdict()?.conditions)['Accepted'], 'False/InvalidParameters');
  const judged = world.mesh.gateway.gatewayVerdicts.get('edge/public');
  assert.equal(summarize(judged?.conditions)['Accepted'], 'False/InvalidParameters');
  assert.deepEqual(world.mesh.gateway.gateways.get('edge/public')?.ports, []);
});
