/** `explain`: what an object became, on how many proxies of all replicas that is in force, and what the analysis says. */

import type { Finding } from '../../analysis/types.ts';
import { sumHolders } from '../../base/sum-holders.ts';
import type { Scope } from '../access.ts';
import { noSuchObject } from '../errors.ts';
import type { Explained, ExplainableKind } from '../explain.ts';
import type { World } from './world.ts';
import type { ExplainedView } from './types.ts';

/** Kinds without namespace. */
export const clusterScoped: ReadonlySet<string> = new Set(['gatewayclass', 'meshconfig']);
/** That they exist is for those who may see everything: the right to look at the mesh is not one to look at these. */
const confidential: ReadonlySet<string> = new Set(['secret', 'configmap']);

/** @param key `namespace/name`, or the name of an object without namespace. Throws WEFT-API-08. */
export function checkExplainable(kind: ExplainableKind, key: string, scope: Scope): void {
  const namespace = clusterScoped.has(kind) ? '' : (key.split('/')[0] ?? '');
  const mayAsk = namespace === '' || confidential.has(kind) ? scope.everywhere : scope.mayRead(namespace);
  if (!mayAsk) throw noSuchObject(`There is no ${kind} ${key}, or you may not see it.`);
}

/** Counts of all replicas together: each knows its own proxies. Throws WEFT-API-08 where none knows the object. */
export function explainedView(
  answers: readonly Explained[],
  world: Pick<World, 'findings'>,
  key: string,
  scope: Scope,
): Omit<ExplainedView, 'gaps'> {
  const [first] = answers;
  if (first === undefined || !answers.some(({ found }) => found)) {
    throw noSuchObject(`There is no ${first?.object ?? key}.`);
  }
  const resources = sumHolders(answers.flatMap((answer) => answer.resources)).map((resource) => ({
    ...resource,
    from: [...new Set(resource.from.map((cause) => visibleCause(cause, scope)))],
  }));
  const kind = first.object.slice(0, first.object.indexOf(' '));
  return {
    object: first.object,
    found: true,
    resources,
    findings: findingsOf(world, kind, key),
  };
}

/** `<kind> <namespace/name>`: only the namespace where it may not be read. */
function visibleCause(cause: string, scope: Scope): string {
  const [kind = '', key = ''] = cause.split(' ');
  const [namespace = '', ...rest] = key.split('/');
  return rest.length === 0 || scope.mayRead(namespace) ? cause : `${kind} ${namespace}`;
}

function findingsOf({ findings }: Pick<World, 'findings'>, kind: string, key: string): readonly Finding[] {
  const wanted = `${kind}/${key}`;
  return [...findings.entries()].flatMap(([name, all]) => {
    const slash = name.indexOf('/');
    return `${name.slice(0, slash).toLowerCase()}${name.slice(slash)}` === wanted ? all : [];
  });
}
