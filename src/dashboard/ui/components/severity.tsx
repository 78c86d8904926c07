/** How bad a finding or problem is. */

import type { Severity } from '../../../analysis/types.ts';
import { Badge } from './badge.tsx';

const tones = { error: 'bad', warning: 'warn', info: 'info' } as const;

export function SeverityBadge({ severity }: { readonly severity: Severity }) {
  return <Badge tone={tones[severity]}>{severity}</Badge>;
}
