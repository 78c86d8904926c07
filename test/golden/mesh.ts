/** The stage `mesh`: Kubernetes objects and what workloads use -> the mesh model, one section per collection. */

import assert from 'node:assert/strict';
import { Graph } from '../../src/graph/graph.ts';
import type { Collection } from '../../src/graph/types.ts';
import { contents, createTestMesh } from '../../src/mesh/testing.ts';
import { readInput, shows } from './input.ts';

export async function mesh(input: string): Promise<unknown> {
  const errors: string[] = [];
  const graph = new Graph({
    onError: (error, { collection, key }) => errors.push(`${collection} ${key}: ${error.message}`),
  });
  const world = createTestMesh(graph);
  const { objects, settings } = readInput(input);
  for (const [workload, destinations] of Object.entries(settings.used))
    await world.use(workload, ...destinations);
  await world.apply(...objects);
  assert.deepEqual(errors, []);
  const shown = shows(settings.show);
  const { gateway, workings: _, ...others } = world.mesh;
  const sections = Object.entries({ ...others, ...gateway }).map(([section, collection]) => {
    const entries = Object.entries(contents(collection as Collection<unknown>));
    return [section, Object.fromEntries(entries.filter(([key]) => shown(`${section} ${key}`)))] as const;
  });
  return Object.fromEntries(sections.filter(([, entries]) => Object.keys(entries).length > 0));
}
