/** How a workload is to be reached. */

import type { MutualTLSMode } from '../../../mesh/model.ts';
import { Badge } from './badge.tsx';
import { Icon } from './icon.tsx';

const tones = { Strict: 'good', Permissive: 'plain', Disabled: 'warn' } as const;

export function MutualTls({ mode }: { readonly mode: MutualTLSMode }) {
  return (
    <Badge tone={tones[mode]}>
      <Icon name={mode === 'Strict' ? 'lock' : 'unlock'} />
      {mode}
    </Badge>
  );
}
