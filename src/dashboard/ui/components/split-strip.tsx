/** The split of a route in one line of a table: only of rules that split at all. */

import type { RouteRuleView } from '../../views/types.ts';
import { formatShare, unknown } from '../format/numbers.ts';

export function SplitStrip({ rules }: { readonly rules: readonly RouteRuleView[] }) {
  const splitting = rules.filter(({ backends }) => backends.length > 1);
  if (splitting.length === 0) return <span class="muted">{unknown}</span>;
  return (
    <ul class="split-strip">
      {splitting.map(({ name, backends }, index) => (
        <li key={`${name} ${index}`}>
          <span class="strip" aria-hidden="true">
            {backends.map((backend, place) => (
              <span
                key={place}
                class={`strip-${place % 4}`}
                style={{ flexGrow: String(backend.seen ?? backend.share) }}
              />
            ))}
          </span>
          <span class="muted">{backends.map(({ seen }) => formatShare(seen)).join(' / ')}</span>
        </li>
      ))}
    </ul>
  );
}
