/**
 * The graph and the mesh on workload W: 1,000 Services in 50 namespaces with 2 to 4 meshed pods each, every workload
 * using 20 of them. How long the first flush takes and what it holds, then what one change costs.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Graph } from '../../src/graph/graph.ts';
import { createMesh } from '../../src/mesh/mesh.ts';
import { projectEndpointSlice, projectPod, projectService } from '../../src/mesh/project.ts';
import { projectHTTPRoute } from '../../src/mesh/project-routes.ts';
import { createMeshSources } from '../../src/mesh/sources.ts';
import type {
  EndpointSliceSource,
  HTTPRouteSource,
  PodSource,
  ServiceSource,
} from '../../src/mesh/sources.ts';
import { parent, pod, podEndpoint, route, service, slice } from '../../src/mesh/testing-objects.ts';

const serviceCount = 1000;
const namespaceCount = 50;
const usedPerWorkload = 20;
const changes = 2000;

interface Objects {
  readonly services: Map<string, ServiceSource>;
  readonly slices: Map<string, EndpointSliceSource>;
  readonly pods: Map<string, PodSource>;
  readonly used: Map<string, { readonly destinations: readonly string[] }>;
}

const clusterIP = (index: number): string => `10.96.${index >> 8}.${index & 255}`;
const podIP = (index: number): string => `10.244.${index >> 8}.${index & 255}`;

function put<V>(into: Map<string, V>, key: string, value: V | undefined): void {
  if (value !== undefined) into.set(key, value);
}

function workloadW(): Objects {
  const objects: Objects = { services: new Map(), slices: new Map(), pods: new Map(), used: new Map() };
  for (let i = 0; i < serviceCount; i++) {
    const namespace = `ns${i % namespaceCount}`;
    const name = `svc${i}`;
    const key = `${namespace}/${name}`;
    const endpoints = Array.from({ length: 2 + (i % 3) }, (_, j) => {
      const address = podIP(i * 4 + j);
      const podKey = `${key}-${j}`;
      const labels = { app: name, zone: `z${j % 3}` };
      put(objects.pods, podKey, projectPod(pod(podKey, address, { serviceAccount: name, labels })));
      return podEndpoint(podKey, address);
    });
    put(objects.services, key, projectService(service(key, clusterIP(i))));
    put(objects.slices, `${key}-s`, projectEndpointSlice(slice(`${key}-s`, name, endpoints)));
    const destinations = Array.from(
      { length: usedPerWorkload },
      (_, k) => `${clusterIP((i + k * 7) % serviceCount)}:80`,
    );
    objects.used.set(`${namespace}/Deployment/${name}`, { destinations });
  }
  return objects;
}

function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let pass = 0; pass < 3; pass++) collect();
  return process.memoryUsage().heapUsed;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export async function run(): Promise<Record<string, number>> {
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const sources = createMeshSources(graph, { image: '', redirectImage: '', imagePullPolicy: 'Never' });
  const mesh = createMesh(graph, sources);
  await graph.settled();
  const objects = workloadW();
  const heapBefore = heapInUse();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAt = performance.now();
  sources.services.replace(objects.services);
  sources.endpointSlices.replace(objects.slices);
  sources.pods.replace(objects.pods);
  sources.used.replace(objects.used);
  await graph.settled();
  const initialMs = performance.now() - startedAt;
  delay.disable();
  const heapMB = (heapInUse() - heapBefore) / 1e6;

  const change = async (write: (index: number) => void): Promise<readonly number[]> => {
    const times: number[] = [];
    for (let i = 0; i < changes; i++) {
      const changedAt = performance.now();
      write(i);
      await graph.settled();
      times.push(performance.now() - changedAt);
    }
    return times;
  };
  const slices = [...objects.slices];
  const endpoint = await change((i) => {
    const [key, value] = slices[(i * 37) % slices.length] as (typeof slices)[number];
    const endpoints = value.endpoints.map((each, j) => (j === 0 ? { ...each, zone: `z${i}` } : each));
    sources.endpointSlices.set(key, { ...value, endpoints });
  });
  const services = [...objects.services.keys()];
  const routes = await change((i) => {
    const key = services[(i * 37) % services.length] as string;
    const [, name = ''] = key.split('/');
    const rules = [{ backendRefs: [{ name, port: 80, weight: 1 + i }] }];
    sources.httpRoutes.set(key, projectHTTPRoute(route(key, [parent(name)], rules)) as HTTPRouteSource);
  });
  const figures = {
    initialMs,
    maxStallMs: delay.max / 1e6,
    heapMB,
    endpointP50Ms: quantile(endpoint, 0.5),
    endpointP99Ms: quantile(endpoint, 0.99),
    routeP50Ms: quantile(routes, 0.5),
    routeP99Ms: quantile(routes, 0.99),
  };
  console.log(
    `${mesh.endpoints.size} service ports, ${mesh.pods.size} pods, ${mesh.routeTables.size} route tables: ` +
      `first flush ${initialMs.toFixed(0)} ms (longest stall ${figures.maxStallMs.toFixed(0)} ms), ${heapMB.toFixed(1)} MB; ` +
      `a change of endpoints ${figures.endpointP50Ms.toFixed(3)} ms (p99 ${figures.endpointP99Ms.toFixed(3)}), ` +
      `of a route ${figures.routeP50Ms.toFixed(3)} ms (p99 ${figures.routeP99Ms.toFixed(3)})`,
  );
  return figures;
}
