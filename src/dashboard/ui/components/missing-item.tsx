/** An object that the address names and the list does not have. */

import { Notice } from './notice.tsx';

export function MissingItem({ kind, name }: { readonly kind: string; readonly name: string }) {
  return (
    <Notice tone="warn" title={`There is no ${kind} ${name} here`}>
      <p>It may have been deleted, or is not part of the mesh, or you may not see it.</p>
    </Notice>
  );
}
