/** A list of links to objects, or a word where there is none. */

import type { ObjectRef } from '../../views/types.ts';
import { ObjectLink } from './link.tsx';

export function Objects({
  objects,
  none = 'none',
}: {
  readonly objects: readonly ObjectRef[];
  readonly none?: string;
}) {
  if (objects.length === 0) return <span class="muted">{none}</span>;
  return (
    <ul class="objects">
      {objects.map((object) => (
        <li key={`${object.kind} ${object.namespace} ${object.name}`}>
          <ObjectLink object={object} />
        </li>
      ))}
    </ul>
  );
}
