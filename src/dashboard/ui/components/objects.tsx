/** A list of links to objects, or a word where there is none. Long ones open on demand. */

import { useState } from 'preact/hooks';
import type { ObjectRef } from '../../views/types.ts';
import { ObjectLink } from './link.tsx';

const shownAtFirst = 6;

export interface ObjectsProps {
  readonly objects: readonly ObjectRef[];
  readonly none?: string;
}

export function Objects({ objects, none = 'none' }: ObjectsProps) {
  const [isAll, setIsAll] = useState(false);
  if (objects.length === 0) return <span class="muted">{none}</span>;
  const shown = isAll || objects.length <= shownAtFirst + 1 ? objects : objects.slice(0, shownAtFirst);
  return (
    <ul class="objects">
      {shown.map((object) => (
        <li key={`${object.kind} ${object.namespace} ${object.name}`}>
          <ObjectLink object={object} />
        </li>
      ))}
      {shown.length === objects.length ? undefined : (
        <li>
          <button type="button" class="row-button" onClick={() => setIsAll(true)}>
            and {objects.length - shown.length} more
          </button>
        </li>
      )}
    </ul>
  );
}
