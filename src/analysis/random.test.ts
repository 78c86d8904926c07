/**
 * Whatever is done to the objects of a small cluster, the findings are those of an analysis started now, in the same
 * order, and nothing throws. A failure prints its seed; `WEFT_ANALYSIS_SEED=<seed>` repeats that run alone.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import { createRandom, type Random } from '../graph/random.ts';
import type { KubeObject } from '../kube/types.ts';
import { someGatewayPart } from '../mesh/gateways/testing-random.ts';
import { createMesh } from '../mesh/mesh.ts';
import { someGatewayObject } from '../mesh/routes/random.ts';
import { createMeshSources } from '../mesh/sources.ts';
import { contents } from '../mesh/testing.ts';
import { meshConfig, pod, podEndpoint, policy, slice } from '../mesh/testing-objects.ts';
import { createAnalysis } from './analysis.ts';
import { createAnalysisSources } from './facts.ts';
import { kindsOf } from './kinds.ts';
import { defaults, nowMs } from './testing.ts';
import { analyzeObjects } from './world.ts';

/** By kind. */
const groups = new Map(
  [
    ...kindsOf(
      createMeshSources(new Graph({ onError: assert.ifError }), defaults),
      createAnalysisSources(new Graph({ onError: assert.ifError })),
    ).keys(),
  ].map((name) => {
    const [group = '', kind = ''] = name.split('/');
    return [kind, group === '' ? 'v1' : `${group}/v1`] as const;
  }),
);

const seeds =
  process.env['WEFT_ANALYSIS_SEED'] === undefined
    ? Array.from({ length: 12 }, (_, i) => i + 1)
    : [Number(process.env['WEFT_ANALYSIS_SEED'])];

const namespaces = ['a', 'b', 'kube-system'];
const names = ['web', 'api', 'db'];
const modes = ['Strict', 'Permissive', 'Disabled'] as const;

const maybe = <T extends object>(random: Random, value: T): T | object =>
  random.below(3) === 0 ? value : {};

function someService(random: Random, namespace: string, name: string): KubeObject {
  const somePort = (port: number) => ({
    name: random.pick(['http', 'tcp', 'x', 'grpc-y']),
    port,
    targetPort: random.pick<number | string>([8080, 9090, 'web', 'gone']),
    ...maybe(random, { appProtocol: random.pick(['http', 'tcp', 'odd', 'example.com/x']) }),
  });
  const spec = {
    type: random.pick(['ClusterIP', 'NodePort', 'ExternalName']),
    clusterIP: random.pick(['10.96.0.1', '203.0.113.1', 'None']),
    ports: [somePort(80), somePort(5432), { name: 'dns', port: 53, protocol: 'UDP' }].slice(random.below(3)),
    ...maybe(random, { selector: { app: name } }),
    ...maybe(random, { sessionAffinity: 'ClientIP', internalTrafficPolicy: 'Local' }),
  };
  const made = { kind: 'Service', metadata: { namespace, name }, spec };
  return made;
}

function somePod(random: Random, namespace: string): KubeObject {
  const made = pod(
    `${namespace}/${random.pick(names)}-${random.below(2)}`,
    random.pick(['10.0.0.1', '10.0.0.2', '198.51.100.1']),
    {
      meshed: random.below(3) > 0,
      labels: {
        app: random.pick(names),
        ...maybe(random, { 'weft.dev/inject': random.pick(['enabled', 'disabled', 'odd']) }),
      },
      createdAt: `2026-01-0${1 + random.below(4)}T00:00:00Z`,
      ...(random.below(5) === 0 ? { deletedAt: '2026-01-05T00:00:00Z' } : {}),
      ...(random.below(6) === 0 ? { phase: 'Succeeded' } : {}),
    },
  );
  const annotations = {
    ...made.metadata.annotations,
    ...maybe(random, { 'proxy.weft.dev/exclude-inbound-ports': random.pick(['8080', 'odd', '']) }),
    ...maybe(random, { 'weft.dev/proxy': '{"version":"0.1.0","settings":"x"}' }),
    ...maybe(random, { 'linkerd.io/inject': 'enabled' }),
  };
  const containers = [
    {
      name: 'web',
      args: ['--listen=127.0.0.1:8080'].slice(random.below(2)),
      ports: [{ name: 'web', containerPort: random.pick([8080, 9090]) }],
      ...maybe(random, { readinessProbe: {} }),
    },
  ];
  const spec = {
    ...made.spec,
    containers,
    ...maybe(random, { terminationGracePeriodSeconds: random.below(10) }),
  };
  const whole = { ...made, metadata: { ...made.metadata, annotations }, spec };
  return whole;
}

function someOwn(random: Random): KubeObject {
  const namespace = random.pick(namespaces);
  const name = random.pick(names);
  switch (random.below(7)) {
    case 0:
    case 1:
      return someService(random, namespace, name);
    case 2:
      return somePod(random, namespace);
    case 3: {
      const endpoints = ['10.0.0.1', '10.0.0.2']
        .slice(random.below(3))
        .map((address) => podEndpoint(`${namespace}/${random.pick(names)}-${random.below(2)}`, address));
      return slice(`${namespace}/${name}-1`, name, endpoints, [
        { name: random.pick(['http', 'x']), port: 8080 },
      ]);
    }
    case 4: {
      const selector = { matchLabels: { app: random.pick(names) } };
      return policy(`${namespace}/${name}`, { mode: random.pick(modes), ...maybe(random, { selector }) });
    }
    case 5:
      return meshConfig(
        {
          mtls: { mode: random.pick(modes) },
          outbound: { policy: 'Allow', ...maybe(random, { meshCIDRs: ['10.0.0.0/8'] }) },
        },
        random.pick(['default', 'other']),
      );
    default: {
      const labels = { 'weft.dev/inject': random.pick(['enabled', 'disabled', 'odd']) };
      const annotations = maybe(random, { 'weft.dev/inject': 'enabled', 'proxy.weft.dev/cpu': '1' });
      return { kind: 'Namespace', metadata: { name: namespace, labels, annotations: { ...annotations } } };
    }
  }
}

function someObject(random: Random): KubeObject {
  const which = random.below(3);
  if (which === 0) return someOwn(random);
  return which === 1 ? someGatewayObject(random) : someGatewayPart(random);
}

function createWorld() {
  const graph = new Graph({ onError: assert.ifError });
  const sources = createMeshSources(graph, defaults);
  const facts = createAnalysisSources(graph);
  const { findings } = createAnalysis(graph, createMesh(graph, sources), sources, facts);
  facts.situation.set('default', { nowMs, controlPlaneNamespace: 'weft-system', unknownKinds: [] });
  const kinds = new Map([...kindsOf(sources, facts)].map(([name, kind]) => [name.split('/')[1], kind]));
  const keyOf = ({ metadata }: KubeObject): string =>
    metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  return {
    put: (object: KubeObject) => kinds.get(object.kind)?.put(keyOf(object), object),
    delete: (object: KubeObject) => kinds.get(object.kind)?.delete(keyOf(object)),
    findings: async () => {
      await graph.settled();
      return contents(findings);
    },
  };
}

async function run(random: Random): Promise<number> {
  const world = createWorld();
  const objects = new Map<string, KubeObject>();
  let most = 0;
  for (let round = 0; round < 100; round++) {
    const object = someObject(random);
    const name = `${object.kind} ${object.metadata.namespace} ${object.metadata.name}`;
    if (random.below(4) === 0) {
      objects.delete(name);
      world.delete(object);
    } else {
      objects.set(name, object);
      world.put(object);
    }
    if (round % 8 !== 7) continue;
    const fresh = createWorld();
    for (const each of [...objects.values()].toReversed()) fresh.put(each);
    const found = await world.findings();
    assert.deepEqual(found, await fresh.findings());
    most = Math.max(most, Object.keys(found).length);
  }
  return most;
}

test('findings do not depend on the way that led to the objects', async () => {
  for (const seed of seeds) {
    const most = await run(createRandom(seed)).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${seed}: ${why}`, { cause: error });
    });
    assert.ok(most > 3, `seed ${seed} made nothing that is wrong`);
  }
});

/** A value of another type somewhere in the object, as somebody writes it who has not seen the schema. */
function mangle(random: Random, value: unknown): unknown {
  if (random.below(12) === 0) return random.pick<unknown>([null, 7, 'x', '', [], {}, [null], { a: null }]);
  if (Array.isArray(value)) return value.map((each) => mangle(random, each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mangle(random, each)]));
}

test('objects of no form at all are told of, and never end the analysis', async () => {
  const random = createRandom(7);
  for (let round = 0; round < 150; round++) {
    const objects = Array.from({ length: 12 }, () => {
      const { kind, metadata, apiVersion: _, ...rest } = someObject(random);
      const apiVersion = groups.get(kind ?? '') ?? 'v1';
      return { apiVersion, kind, metadata, ...(mangle(random, rest) as object) } as KubeObject;
    });
    const situation = { nowMs, controlPlaneNamespace: 'weft-system', unknownKinds: [] };
    const { findings } = await analyzeObjects(objects, { defaults, situation });
    for (const finding of findings) assert.equal(typeof finding.message, 'string');
  }
});
