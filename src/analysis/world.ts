/**
 * Analysis of objects that are given as objects: files, what a cluster holds, or both. A graph is built as in the
 * control plane and fed with them, so that a file is judged by the very code that will carry it out.
 */

import { describeError } from '../base/errors.ts';
import { Graph } from '../graph/graph.ts';
import type { KubeObject } from '../kube/types.ts';
import { createMesh } from '../mesh/mesh.ts';
import { createMeshSources, type MeshDefaults } from '../mesh/sources.ts';
import { type Analysis, createAnalysis } from './analysis.ts';
import { createAnalysisSources, type Situation } from './facts.ts';
import { kindsOf } from './kinds.ts';
import { fill } from './fill.ts';
import { sortFindings } from './sort.ts';
import type { Finding } from './types.ts';

export interface AnalyzeOptions {
  readonly defaults: MeshDefaults;
  readonly situation: Situation;
  /** What a cluster holds; what is written takes the place of what has its name. */
  readonly existing?: readonly KubeObject[];
}

export interface AnalyzeResult {
  readonly findings: readonly Finding[];
  /** What could not be looked at because of a fault of ours. */
  readonly failures: readonly string[];
}

/** @param written objects of files; those of kinds that are nothing to the mesh are passed over */
export async function analyzeObjects(
  written: readonly KubeObject[],
  options: AnalyzeOptions,
): Promise<AnalyzeResult> {
  const failures: string[] = [];
  const graph = new Graph({
    onError: (error, { collection, key = '' }) =>
      failures.push(`${collection} ${key}: ${describeError(error)}`),
  });
  const sources = createMeshSources(graph, options.defaults);
  const facts = createAnalysisSources(graph);
  const mesh = createMesh(graph, sources);
  const analysis: Analysis = createAnalysis(graph, mesh, sources, facts);
  facts.situation.set('default', options.situation);
  const unreadable = fill({ kinds: kindsOf(sources, facts), facts }, written, options);
  await graph.settled();
  const found = [...analysis.findings.entries()].flatMap(([, findings]) => findings);
  return { findings: sortFindings([...unreadable, ...found]), failures };
}
