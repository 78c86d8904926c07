/** Nearer, farther, everything. */

import type { GraphEngine } from '../graph/engine.ts';
import { Icon } from './icon.tsx';

export function GraphZoom({ engine }: { readonly engine: GraphEngine | undefined }) {
  return (
    <div class="graph-zoom">
      <button type="button" class="icon-button" aria-label="Nearer" onClick={() => engine?.zoom(1.3)}>
        <Icon name="plus" />
      </button>
      <button type="button" class="icon-button" aria-label="Farther" onClick={() => engine?.zoom(1 / 1.3)}>
        <Icon name="minus" />
      </button>
      <button type="button" class="icon-button" aria-label="Show everything" onClick={() => engine?.fit()}>
        <Icon name="fit" />
      </button>
    </div>
  );
}
