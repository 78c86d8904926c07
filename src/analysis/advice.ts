/**
 * What would be found of an object that is about to be written. The live graph must not see it before it is written, so
 * a graph of its own is made for the question, with the object and with what stands around it: what it refers to, and
 * what stands beside it in the same namespaces. Bounded in size and in number, since it is only advice.
 */

import { Graph } from '../graph/graph.ts';
import type { Source } from '../graph/types.ts';
import type { KubeObject } from '../kube/types.ts';
import type { ParentRef } from '../mesh/kubernetes.ts';
import { createMesh } from '../mesh/mesh.ts';
import { createMeshSources, type MeshSources } from '../mesh/sources.ts';
import { createAnalysis } from './analysis.ts';
import { type AnalysisSources, createAnalysisSources } from './facts.ts';
import { groupOf, kindsOf } from './kinds.ts';
import { sortFindings } from './sort.ts';
import type { Finding } from './types.ts';

/** Of the object alone, errors and warnings, the worst first. Nothing where it would be too much work. Never rejects. */
export type Advise = (object: KubeObject) => Promise<readonly Finding[]>;

export interface AdviceOptions {
  readonly sources: MeshSources;
  readonly facts: AnalysisSources;
}

/** Copied objects; a graph of as many is ready in some tens of milliseconds. */
const mostObjects = 3_000;
/** Questions at the same time. Whoever comes while these are under way is told nothing. */
const mostQuestions = 2;

export function createAdvice(live: AdviceOptions): Advise {
  let underWay = 0;
  return async (object) => {
    if (underWay >= mostQuestions) return [];
    underWay += 1;
    try {
      return await adviseOn(object, live);
    } catch {
      // Whatever is wrong with the object, saying so is not advice: the API server and the status will.
      return [];
    } finally {
      underWay -= 1;
    }
  };
}

async function adviseOn(object: KubeObject, live: AdviceOptions): Promise<readonly Finding[]> {
  const graph = new Graph({ onError: () => {} });
  const sources = createMeshSources(graph, live.sources.defaults);
  const facts = createAnalysisSources(graph);
  const known = kindsOf(sources, facts).get(`${groupOf(object.apiVersion ?? '')}/${object.kind}`);
  if (known === undefined) return [];
  const mesh = createMesh(graph, sources);
  const { findings } = createAnalysis(graph, mesh, sources, facts);
  const isCopied = surroundingsOf(object);
  let copied = 0;
  for (const [from, into] of pairs(live, { sources, facts })) {
    for (const [key, value] of from.entries()) {
      if (!isCopied(from.name, key, value)) continue;
      copied += 1;
      if (copied > mostObjects) return [];
      into.set(key, value);
    }
  }
  const { namespace, name } = object.metadata;
  const key = known.namespaced ? `${namespace}/${name}` : name;
  known.put(key, object);
  await graph.settled();
  const found = findings.get(`${object.kind}/${key}`) ?? [];
  return sortFindings(found.filter(({ severity }) => severity !== 'info'));
}

type AnySource = Source<unknown>;

function pairs(live: AdviceOptions, own: AdviceOptions): readonly (readonly [AnySource, AnySource])[] {
  const of = (from: object, into: object): readonly (readonly [AnySource, AnySource])[] =>
    Object.keys(from).flatMap((name) => {
      const [a, b] = [(from as Record<string, unknown>)[name], (into as Record<string, unknown>)[name]];
      return isSource(a) && isSource(b) ? [[a, b] as const] : [];
    });
  return [...of(live.sources, own.sources), ...of(live.facts, own.facts)];
}

function isSource(value: unknown): value is AnySource {
  return typeof value === 'object' && value !== null && 'entries' in value && 'replace' in value;
}

/** Large, and nothing that a finding about another object rests on. */
const unneeded: ReadonlySet<string> = new Set(['nodes', 'used']);
const clusterScoped: ReadonlySet<string> = new Set([
  'namespaces',
  'namespaces/facts',
  'servicecidrs',
  'gatewayclasses',
  'customresourcedefinitions',
  'missingKinds',
  'meshconfigs',
  'meshconfigs/facts',
  'certificateauthorities/facts',
  'situation',
]);

/** Which objects are copied: those of the namespaces it is about, and routes of other namespaces with a parent of its. */
function surroundingsOf(object: KubeObject): (collection: string, key: string, value: unknown) => boolean {
  const own = object.metadata.namespace ?? '';
  const namespaces = new Set([own, ...namespacesIn(object)]);
  const parents = new Set(parentsOf(object, own));
  const secrets = new Set(namesOf(object, own));
  return (collection, key, value) => {
    if (clusterScoped.has(collection)) return true;
    if (collection === 'secrets' || collection === 'configmaps') return secrets.has(key);
    if (unneeded.has(collection)) return false;
    if (namespaces.has(key.slice(0, key.indexOf('/')))) return true;
    return (
      parents.size > 0 &&
      parentsOf({ spec: value }, key.split('/')[0] ?? '').some((each) => parents.has(each))
    );
  };
}

/** `kind/namespace/name` of the parents of a route, or of what is made of one. */
function parentsOf(route: unknown, namespace: string): readonly string[] {
  const refs = (route as { readonly spec?: { readonly parentRefs?: unknown } }).spec?.parentRefs;
  if (!Array.isArray(refs)) return [];
  return (refs as readonly ParentRef[]).map(
    ({ kind = 'Gateway', namespace: other = namespace, name }) => `${kind}/${other}/${name}`,
  );
}

/** Every `namespace` that is written somewhere in the object. */
function namespacesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(namespacesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'namespace' && typeof inner === 'string' ? [inner] : namespacesIn(inner),
  );
}

/** Every `name` that is written somewhere in the spec, as the key of an object of each namespace that is. */
function namesOf(object: KubeObject, own: string): readonly string[] {
  const spec = (object as { readonly spec?: unknown }).spec;
  const namespaces = [...new Set([own, ...namespacesIn(spec)])];
  const names = namesIn(spec);
  return names.flatMap((name) => namespaces.map((namespace) => `${namespace}/${name}`));
}

function namesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'name' && typeof inner === 'string' ? [inner] : namesIn(inner),
  );
}
