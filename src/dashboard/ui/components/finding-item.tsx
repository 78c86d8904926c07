/** One finding. */

import type { Finding } from '../../../analysis/types.ts';
import { ErrorCode } from './error-code.tsx';
import { ObjectLink } from './link.tsx';
import { SeverityBadge } from './severity.tsx';

export function FindingItem({ finding }: { readonly finding: Finding }) {
  const { severity, code, object, path, message, fix } = finding;
  return (
    <li>
      <div class="problem-head">
        <SeverityBadge severity={severity} />
        <ObjectLink object={object} />
        <ErrorCode code={code} />
      </div>
      <p>
        {path === '' ? undefined : (
          <>
            <code>{path}</code>:{' '}
          </>
        )}
        {message}
      </p>
      {fix === '' ? undefined : (
        <p class="fix">
          <span class="muted">What to do:</span> {fix}
        </p>
      )}
    </li>
  );
}
