/** The stage `translate`: Kubernetes objects and what workloads use -> Envoy resources. */

import assert from 'node:assert/strict';
import { Graph } from '../../src/graph/graph.ts';
import { createTestMesh } from '../../src/mesh/testing.ts';
import {
  audienceMark,
  type EncodedResource,
  type ResourceKind,
  resourceKinds,
  type Translation,
} from '../../src/xds/resource.ts';
import { decode, wholeLists } from '../../src/xds/translate/testing.ts';
import { createTranslation } from '../../src/xds/translate/translation.ts';
import { readInput, shows } from './input.ts';

export async function translate(input: string): Promise<unknown> {
  const { translation, show } = await translateCase(input);
  return describeTranslation(translation, show);
}

/** What an out.yaml says of a translation: lists, on-demand answers and resources, as far as they are shown. */
export function describeTranslation(translation: Translation, show: readonly string[] | undefined): unknown {
  checkReferences(translation);
  const shown = shows(show);
  const sections: Record<string, unknown> = {};
  const add = (section: string, entries: Iterable<readonly [string, unknown]>): void => {
    const chosen = [...entries].filter(([name]) => shown(`${section} ${name}`));
    if (chosen.length > 0)
      sections[section] = Object.fromEntries(chosen.sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  add(
    'lists',
    [...translation.lists.entries()].map(([workload, lists]) => [workload, wholeLists(lists)] as const),
  );
  add('on-demand', describe(translation.onDemand.entries(), 'cluster'));
  for (const kind of resourceKinds) add(kind, describe(translation.resources[kind].entries(), kind));
  return sections;
}

/** The translation of one in.yaml, and which part of it the case is about. */
export async function translateCase(
  input: string,
): Promise<{ readonly translation: Translation; readonly show: readonly string[] | undefined }> {
  const errors: string[] = [];
  const graph = new Graph({
    onError: (error, { collection, key }) => errors.push(`${collection} ${key}: ${error.message}`),
  });
  const { apply, use, mesh } = createTestMesh(graph);
  const translation = createTranslation(graph, mesh);
  const { objects, settings } = readInput(input);
  for (const [workload, destinations] of Object.entries(settings.used)) await use(workload, ...destinations);
  await apply(...objects);
  // As if a proxy of each had connected, and used nothing.
  const unused = [...mesh.workloads.keys()].filter((workload) => !mesh.used.has(workload));
  for (const workload of unused) await use(workload);
  assert.deepEqual(errors, []);
  return { translation, show: settings.show };
}

function describe(
  entries: Iterable<readonly [string, EncodedResource]>,
  kind: ResourceKind,
): readonly (readonly [string, unknown])[] {
  return [...entries].map(([name, resource]) => {
    const needs = resource.needs.map((ref) => `${ref.kind} ${ref.name}`);
    return [name, { ...(needs.length > 0 ? { needs } : {}), resource: decode(kind, resource) }] as const;
  });
}

/** Whatever a proxy is told to hold, or a resource needs, exists; of listeners perhaps only for some workloads. */
function checkReferences({ lists, resources, onDemand }: Translation): void {
  const missing: string[] = [];
  const check = (kind: ResourceKind, name: string, by: string): void => {
    if (resources[kind].has(name)) return;
    const variants = [...resources.listener.keys()].filter((key) => key.startsWith(name + audienceMark));
    if (kind !== 'listener' || variants.length === 0) missing.push(`${by} needs ${kind} ${name}`);
  };
  for (const [workload, parts] of lists.entries()) {
    const list = wholeLists(parts);
    for (const name of list.clusters) check('cluster', name, workload);
    for (const name of list.listeners) check('listener', name, workload);
  }
  for (const collection of [...Object.values(resources), onDemand]) {
    for (const [name, { needs }] of collection.entries()) {
      for (const ref of needs) check(ref.kind, ref.name, name);
    }
  }
  assert.deepEqual(missing, []);
}
