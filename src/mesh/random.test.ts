/**
 * Whatever is done to the objects of a small cluster, the mesh is the one that a control plane started now would
 * see. A failure prints its seed; `WEFT_MESH_SEED=<seed>` repeats that run alone.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { createRandom, type Random } from '../graph/random.ts';
import type { KubeObject } from '../kube/types.ts';
import { someGatewayPart } from './gateways/testing-random.ts';
import type { HTTPRule } from './kubernetes.ts';
import type { Mesh } from './model.ts';
import { someGatewayObject } from './routes/random.ts';
import { gatewayClass } from './routes/testing.ts';
import { meshConfig, parent, pod, podEndpoint, policy, route, service, slice } from './testing-objects.ts';
import { contents, createTestMesh, type TestMesh } from './testing.ts';

const seeds =
  process.env['WEFT_MESH_SEED'] === undefined
    ? Array.from({ length: 40 }, (_, i) => i + 1)
    : [Number(process.env['WEFT_MESH_SEED'])];

const namespaces = ['a', 'b'];
const names = ['web', 'api', 'db'];
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
const frontends = ['10.96.0.1', '10.96.0.2', '10.96.0.3', 'None'];
const modes = ['Strict', 'Permissive', 'Disabled'] as const;

function someRule(random: Random): HTTPRule {
  const backendRefs = Array.from({ length: random.below(3) }, () => ({
    name: random.pick(names),
    port: random.pick([80, 90]),
    weight: random.below(3),
    ...(random.below(2) === 0 ? { namespace: random.pick(namespaces) } : {}),
  }));
  const matches = Array.from({ length: random.below(3) }, () => ({
    path: { value: random.pick(['/', '/x', '/x/y']) },
  }));
  return { backendRefs, matches, ...(random.below(8) === 0 ? { filters: [{ type: 'ExtensionRef' }] } : {}) };
}

function someObject(random: Random): KubeObject {
  const namespace = random.pick(namespaces);
  const name = random.pick(names);
  const at = (suffix = ''): string => `${namespace}/${name}${suffix}`;
  const age = `2026-01-0${1 + random.below(4)}T00:00:00Z`;
  switch (random.below(16)) {
    case 0: {
      const ports = [
        { name: random.pick(['http', 'tcp', 'x']), port: 80 },
        { name: random.pick(['grpc', 'y']), port: 90 },
        { name: 'dns', port: 80, protocol: 'UDP' },
      ];
      return service(at(), random.pick(frontends), ports.slice(random.below(2)), { selector: { app: name } });
    }
    case 1: {
      const endpoints = addresses
        .filter(() => random.below(2) === 0)
        .map((address) =>
          podEndpoint(`${namespace}/${random.pick(names)}-1`, address, {
            ready: random.below(3) > 0,
            terminating: random.below(3) === 0,
            serving: true,
          }),
        );
      const ports = [
        { name: random.pick(['http', 'tcp', 'x']), port: 8080 },
        { name: 'grpc', port: 9090 },
      ];
      return slice(at(`-${random.below(2)}`), random.pick(names), endpoints, ports);
    }
    case 2:
      return pod(at(`-${1 + random.below(2)}`), random.pick(addresses), {
        meshed: random.below(3) > 0,
        labels: { app: random.pick(names) },
        serviceAccount: random.pick(names),
        createdAt: age,
        ...(random.below(4) === 0 ? { deletedAt: age } : {}),
        ...(random.below(6) === 0 ? { phase: 'Succeeded' } : {}),
      });
    case 3: {
      const parents = Array.from({ length: 1 + random.below(2) }, () =>
        parent(`${random.pick(namespaces)}/${random.pick(names)}`, random.below(2) === 0 ? { port: 80 } : {}),
      );
      return route(at(), parents, [someRule(random), someRule(random)], age);
    }
    case 4: {
      const mode = random.pick(modes);
      const scope = random.below(3);
      if (scope === 0) return policy(at(), { mode }, age);
      if (scope === 1)
        return policy(at(), { mode, selector: { matchLabels: { app: random.pick(names) } } }, age);
      const targetRefs = [
        { group: '', kind: 'Service', name: random.pick(names) },
        { group: 'apps', kind: 'Deployment', name: random.pick(names) },
      ];
      return policy(at(), { mode, targetRefs }, age);
    }
    case 5:
      return meshConfig({ mtls: { mode: random.pick(modes) }, trustDomain: random.pick(['one', 'two']) });
    case 6:
      return {
        kind: 'Node',
        metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': `z${random.below(3)}` } },
      };
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
      return someGatewayPart(random);
    default:
      return someGatewayObject(random);
  }
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

function everything(mesh: Mesh): unknown {
  return Object.fromEntries(
    Object.entries({ ...mesh, ...mesh.gateway, gateway: undefined, workings: undefined }).flatMap(
      ([name, collection]) =>
        collection === undefined ? [] : [[name, contents(collection as Mesh['pods'])]],
    ),
  );
}

const destinations = [...addresses, ...frontends.slice(0, 3)].flatMap((address) =>
  [80, 90, 8080].map((port) => `${address}:${port}`),
);

async function use(random: Random, world: TestMesh, used: Map<string, readonly string[]>): Promise<void> {
  const workload = `${random.pick(namespaces)}/Deployment/${random.pick(names)}`;
  const set = destinations.filter(() => random.below(3) === 0);
  used.set(workload, set);
  await world.use(workload, ...set);
}

async function run(random: Random): Promise<void> {
  const world = createTestMesh(new Graph({ onError: assert.ifError }));
  const objects = new Map<string, KubeObject>([[nameOf(gatewayClass), gatewayClass]]);
  await world.apply(gatewayClass);
  const used = new Map<string, readonly string[]>();
  for (let round = 0; round < 120; round++) {
    const object = someObject(random);
    if (random.below(4) === 0) {
      objects.delete(nameOf(object));
      await world.remove(nameOf(object));
    } else {
      objects.set(nameOf(object), object);
      await world.apply(object);
    }
    if (random.below(5) === 0) await use(random, world, used);
    if (round % 6 !== 5) continue;
    const fresh = createTestMesh(new Graph({ onError: assert.ifError }));
    for (const [workload, set] of used) fresh.sources.used.set(workload, { destinations: set });
    await fresh.apply(...objects.values());
    assert.deepEqual(everything(world.mesh), everything(fresh.mesh));
  }
}

test('the mesh does not depend on the way that led to its objects', async () => {
  for (const seed of seeds) {
    await run(createRandom(seed)).catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    });
  }
});
