/** `findings`: what the analysis says of the objects that somebody may see. */

import type { Finding, Severity } from '../../analysis/types.ts';
import type { Scope } from '../access.ts';

/** By object, as the analysis keeps them. */
export interface Findings {
  entries(): Iterable<readonly [string, readonly Finding[]]>;
}

const severities: readonly Severity[] = ['error', 'warning', 'info'];

/** Most severe first, then in order of namespace, kind and name. Objects without namespace are for those who may see everything. */
export function listFindings(findings: Findings, scope: Scope, severity?: Severity): readonly Finding[] {
  const wanted: Finding[] = [];
  for (const [, all] of findings.entries()) {
    for (const finding of all) {
      if (severity !== undefined && finding.severity !== severity) continue;
      if (isVisible(finding, scope)) wanted.push(finding);
    }
  }
  return wanted.sort(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) || (keyOf(a) < keyOf(b) ? -1 : 1),
  );
}

/** @param object of a Finding */
export function isVisible({ object }: Pick<Finding, 'object'>, scope: Scope): boolean {
  // A Namespace is, as to what may be seen of it, in itself.
  const namespace = object.namespace ?? (object.kind === 'Namespace' ? object.name : undefined);
  if (namespace === undefined) return scope.everywhere && scope.namespace === '';
  return (scope.namespace === '' || scope.namespace === namespace) && scope.mayRead(namespace);
}

function keyOf({ object, code, path }: Finding): string {
  return [object.namespace ?? '', object.kind, object.name, code, path].join('/');
}
