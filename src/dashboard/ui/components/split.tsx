/** How a rule splits its traffic: what the weights ask for beside what really went there. */

import type { RouteBackendView } from '../../views/types.ts';
import { formatRate, formatShare } from '../format/numbers.ts';
import { ObjectLink } from './link.tsx';
import { ShareBar } from './share-bar.tsx';
import { Success } from './traffic.tsx';

export function Split({ backends }: { readonly backends: readonly RouteBackendView[] }) {
  if (backends.length === 0) return <p class="muted">It sends nowhere.</p>;
  return (
    <ul class="split">
      {backends.map((backend, index) => (
        <li key={`${backend.object.namespace}/${backend.object.name}:${backend.port} ${index}`}>
          <div class="split-name">
            <span>
              <ObjectLink object={backend.object} plain={backend.object.kind === 'Service'} />
              {backend.port === undefined ? '' : `:${backend.port}`}
            </span>
            <span class="muted">
              {formatRate(backend.requestsPerSecond)}/s · <Success rate={backend.successRate} />
            </span>
          </div>
          <div class="split-bars">
            <span>weight {backend.weight}</span>
            <ShareBar share={backend.share} tone="muted" />
            <span class="numeric">{formatShare(backend.share)}</span>
            <span>real</span>
            <ShareBar share={backend.seen ?? 0} />
            <span class="numeric">{formatShare(backend.seen)}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}
