/**
 * What analysis adds to the graph on workload W: 1,000 Services in 50 namespaces with 2 to 4 meshed pods and a route
 * each. First the mesh alone is brought up, then the findings on it; then one change at a time, with and without them.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createAnalysis } from '../../src/analysis/analysis.ts';
import { type AnalysisSources, createAnalysisSources } from '../../src/analysis/facts.ts';
import { kindsOf } from '../../src/analysis/kinds.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { createMesh } from '../../src/mesh/mesh.ts';
import { projectEndpointSlice } from '../../src/mesh/project.ts';
import { projectHTTPRoute } from '../../src/mesh/project-routes.ts';
import { createMeshSources, type MeshSources } from '../../src/mesh/sources.ts';
import { parent, pod, podEndpoint, route, service, slice } from '../../src/mesh/testing-objects.ts';

const serviceCount = 1000;
const namespaceCount = 50;
const changes = 1000;

const nameOf = (i: number): string => `ns${i % namespaceCount}/svc${i}`;
const podsOf = (i: number): readonly string[] =>
  Array.from({ length: 2 + (i % 3) }, (_, j) => `${nameOf(i)}-${j}`);
const podIP = (i: number, j: number): string => `10.244.${(i * 4 + j) >> 8}.${(i * 4 + j) & 255}`;

function sliceOf(i: number, zone: string) {
  const endpoints = podsOf(i).map((name, j) => ({ ...podEndpoint(name, podIP(i, j)), zone }));
  return slice(`${nameOf(i)}-s`, `svc${i}`, endpoints);
}

function routeOf(i: number, weight: number) {
  return route(nameOf(i), [parent(`svc${i}`)], [{ backendRefs: [{ name: `svc${i}`, port: 80, weight }] }]);
}

function fill(sources: MeshSources, facts: AnalysisSources): void {
  const kinds = new Map([...kindsOf(sources, facts)].map(([name, kind]) => [name.split('/')[1], kind]));
  const put = (object: KubeObject): void =>
    kinds.get(object.kind)?.put(`${object.metadata.namespace}/${object.metadata.name}`, object);
  for (let i = 0; i < serviceCount; i++) {
    const app = `svc${i}`;
    put(
      service(nameOf(i), `10.96.${i >> 8}.${i & 255}`, [{ name: 'http', port: 80 }], { selector: { app } }),
    );
    put(sliceOf(i, 'z0'));
    put(routeOf(i, 1));
    const containers = [{ name: app, ports: [{ containerPort: 8080 }], readinessProbe: {} }];
    for (const [j, name] of podsOf(i).entries()) {
      const made = pod(name, podIP(i, j), { serviceAccount: app, labels: { app } });
      const running = { ...made, spec: { ...made.spec, containers } };
      put(running);
    }
  }
}

function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let pass = 0; pass < 3; pass++) collect();
  return process.memoryUsage().heapUsed;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

interface Costs {
  readonly endpoint: number;
  readonly route: number;
}

async function changeAll(graph: Graph, sources: MeshSources): Promise<Costs> {
  const timed = async (write: (i: number) => void): Promise<number> => {
    const times: number[] = [];
    for (let n = 0; n < changes; n++) {
      const startedAt = performance.now();
      write((n * 37) % serviceCount);
      await graph.settled();
      times.push(performance.now() - startedAt);
    }
    return median(times);
  };
  let round = 0;
  return {
    endpoint: await timed((i) => {
      const value = projectEndpointSlice(sliceOf(i, `z${++round}`));
      if (value !== undefined) sources.endpointSlices.set(`${nameOf(i)}-s`, value);
    }),
    route: await timed((i) => sources.httpRoutes.set(nameOf(i), projectHTTPRoute(routeOf(i, ++round)))),
  };
}

export async function run(): Promise<Record<string, number>> {
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const sources = createMeshSources(graph, { image: '', redirectImage: '', imagePullPolicy: 'Never' });
  const facts = createAnalysisSources(graph);
  facts.situation.set('default', { nowMs: 0, controlPlaneNamespace: 'weft-system', unknownKinds: [] });
  const mesh = createMesh(graph, sources);
  fill(sources, facts);
  await graph.settled();
  await changeAll(graph, sources);
  const without = await changeAll(graph, sources);
  const heapBefore = heapInUse();
  const startedAt = performance.now();
  const { findings } = createAnalysis(graph, mesh, sources, facts);
  await graph.settled();
  const firstMs = performance.now() - startedAt;
  const heapMB = (heapInUse() - heapBefore) / 1e6;
  await changeAll(graph, sources);
  const withIt = await changeAll(graph, sources);
  console.log(
    `${findings.size} objects with findings; first ${firstMs.toFixed(0)} ms, ${heapMB.toFixed(1)} MB; a change of endpoints ` +
      `${without.endpoint.toFixed(3)} -> ${withIt.endpoint.toFixed(3)} ms, of a route ${without.route.toFixed(3)} -> ${withIt.route.toFixed(3)} ms`,
  );
  return {
    firstMs,
    heapMB,
    endpointMs: withIt.endpoint,
    endpointAddedMs: withIt.endpoint - without.endpoint,
    routeMs: withIt.route,
    routeAddedMs: withIt.route - without.route,
  };
}
