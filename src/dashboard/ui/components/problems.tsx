/** What is wrong now: the object, why, and what to do. */

import { useState } from 'preact/hooks';
import type { Problem } from '../../views/types.ts';
import { ErrorCode } from './error-code.tsx';
import { ObjectLink } from './link.tsx';
import { SeverityBadge } from './severity.tsx';

const shownAtFirst = 8;

export function Problems({ problems }: { readonly problems: readonly Problem[] }) {
  const [isAll, setIsAll] = useState(false);
  const shown = isAll ? problems : problems.slice(0, shownAtFirst);
  return (
    <section aria-labelledby="problems">
      <h2 id="problems">What is wrong</h2>
      <ul class="problems">
        {shown.map((problem, index) => (
          <li key={`${problem.kind} ${problem.code} ${problem.object.kind} ${problem.object.name} ${index}`}>
            <div class="problem-head">
              <SeverityBadge severity={problem.severity} />
              <ObjectLink object={problem.object} />
              {problem.code === undefined ? undefined : <ErrorCode code={problem.code} />}
            </div>
            <p>{problem.message}</p>
            {problem.fix === '' ? undefined : (
              <p class="fix">
                <span class="muted">What to do:</span> {problem.fix}
              </p>
            )}
          </li>
        ))}
      </ul>
      {problems.length <= shownAtFirst ? undefined : (
        <button type="button" class="button" aria-expanded={isAll} onClick={() => setIsAll(!isAll)}>
          {isAll ? 'Show fewer' : `Show all ${problems.length}`}
        </button>
      )}
    </section>
  );
}
