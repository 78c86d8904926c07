import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeftError } from '../base/errors.ts';
import type { Gateway } from '../mesh/gateway-model.ts';
import type { GatewaySource } from '../mesh/gateways/sources.ts';
import { deriveGatewayPlans, type GatewayPlan, type PodMaker } from './gateway-plan.ts';
import { gatewayPort, gatewaySource, modelGateway, proxyPod } from './gateway-testing.ts';
import { newGraph } from './testing.ts';

const key = 'shop/edge';

function setUp() {
  const graph = newGraph();
  const gateways = graph.source<Gateway>('gateways');
  const sources = graph.source<GatewaySource>('sources');
  const parameters = graph.source<Readonly<Record<string, string>>>('parameters');
  const pods = graph.source<PodMaker>('pods');
  const plans = deriveGatewayPlans(graph, { gateways, sources, parameters, pods });
  gateways.set(key, modelGateway(gatewayPort(80)));
  sources.set(key, gatewaySource());
  pods.set('default', { make: () => proxyPod });
  const name = (group: string, kind: string): void =>
    sources.set(
      key,
      gatewaySource({ spec: { infrastructure: { parametersRef: { group, kind, name: 'edge' } } } }),
    );
  const plan = async () => {
    await graph.settled();
    return plans.get(key);
  };
  return { gateways, name, parameters, plan, pods, sources };
}

function replicas(plan: GatewayPlan | undefined): unknown {
  const deployment = plan?.kind === 'run' ? new Map(plan.objects).get('deployments') : undefined;
  return (deployment?.spec as { readonly replicas?: number } | undefined)?.replicas;
}

test('only Gateways of Weft are run', async () => {
  const { gateways, plan } = setUp();
  assert.equal((await plan())?.kind, 'run');
  gateways.delete(key);
  assert.equal(await plan(), undefined);
});

test('parameters come from the ConfigMap of the same namespace, and follow it', async () => {
  const { name, parameters, plan } = setUp();
  name('', 'ConfigMap');
  parameters.set('other/edge', { replicas: '9' });
  parameters.set('shop/edge', { replicas: '3' });
  assert.equal(replicas(await plan()), 3);
  parameters.set('shop/edge', { replicas: '4' });
  assert.equal(replicas(await plan()), 4);
});

const wrong: readonly (readonly [string, string, string, Record<string, string> | undefined, RegExp])[] = [
  ['another kind', 'example.com', 'Config', { replicas: '2' }, /^WEFT-GW-02: .*Config\.example\.com/],
  ['a ConfigMap that is not there', '', 'ConfigMap', undefined, /^WEFT-GW-02: .*There is no ConfigMap edge/],
  ['an impossible setting', '', 'ConfigMap', { replicas: '-1' }, /^WEFT-GW-01: data\[replicas\]/],
];

for (const [what, group, kind, data, message] of wrong) {
  test(`${what} among the parameters is told, and nothing is made of it`, async () => {
    const { name, parameters, plan } = setUp();
    name(group, kind);
    if (data !== undefined) parameters.set('shop/edge', data);
    const made = await plan();
    assert.equal(made?.kind, 'invalid');
    assert.match(made.kind === 'invalid' ? made.message : '', message);
  });
}

test('what the proxy cannot be set to is told as well', async () => {
  const { name, parameters, plan, pods } = setUp();
  name('', 'ConfigMap');
  parameters.set('shop/edge', { cpu: 'lots' });
  pods.set('default', {
    make: ({ cpu }) => {
      throw new WeftError('WEFT-POD-09', `"${cpu}" is not a quantity of CPU.`);
    },
  });
  const made = await plan();
  assert.match(made?.kind === 'invalid' ? made.message : '', /^WEFT-POD-09: "lots"/);
});
