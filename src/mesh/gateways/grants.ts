/** ReferenceGrants: which references across namespaces are permitted. */

import type { GraphApi, Index, Read } from '../../graph/types.ts';
import type { MeshSources, ReferenceGrantSource } from '../sources.ts';
import type { Reference } from './attachable.ts';

export type Grants = Index<ReferenceGrantSource>;

/** By the namespace that may be referred to. */
export function indexGrants(graph: GraphApi, { referenceGrants }: MeshSources): Grants {
  return graph.index('grantsByNamespace', referenceGrants, ({ namespace }) => [namespace]);
}

/** Whether some grant permits the reference; one inside a namespace needs none. */
export function permits(grants: Grants, reference: Reference, read: Read): boolean {
  const { fromGroup, fromKind, fromNamespace, toGroup, toKind, toNamespace, toName } = reference;
  if (fromNamespace === toNamespace) return true;
  return (read(grants, toNamespace) ?? []).some(
    ({ value: { from, to } }) =>
      from.some(
        ({ group, kind, namespace }) =>
          group === fromGroup && kind === fromKind && namespace === fromNamespace,
      ) &&
      to.some(
        ({ group, kind, name = '' }) =>
          group === toGroup && kind === toKind && (name === '' || name === toName),
      ),
  );
}
