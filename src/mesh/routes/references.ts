/** What a rule refers to, as it is written: also of a rule that does not hold, its status says what is missing. */

import type { BackendRef, HTTPBackendRef, HTTPFilter } from '../kubernetes.ts';

export interface Reference {
  readonly ref: BackendRef;
  readonly field: string;
}

/** Of a route of any kind. */
export interface ReferringRule {
  readonly backendRefs?: readonly HTTPBackendRef[];
  readonly filters?: readonly HTTPFilter[];
}

/** Backends first, then those of its filters; `field` is that of the rule. */
export function referencesOf(
  { backendRefs = [], filters = [] }: ReferringRule,
  field: string,
): readonly Reference[] {
  return [
    ...backendRefs.map((ref, i) => ({ ref, field: `${field}.backendRefs[${i}]` })),
    ...filters.flatMap((filter, i) => referenceOf(filter, `${field}.filters[${i}]`)),
  ];
}

function referenceOf({ type, requestMirror, externalAuth }: HTTPFilter, field: string): readonly Reference[] {
  if (type === 'RequestMirror') return reference(requestMirror, `${field}.requestMirror`);
  if (type === 'ExternalAuth') return reference(externalAuth, `${field}.externalAuth`);
  return [];
}

/** Objects of files, and of older schemas, may lack what ours demand. */
function reference(
  holder: { readonly backendRef?: BackendRef } | undefined,
  field: string,
): readonly Reference[] {
  return holder?.backendRef === undefined ? [] : [{ ref: holder.backendRef, field: `${field}.backendRef` }];
}
