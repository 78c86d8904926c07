/** The life of a certificate as a bar, with the time that is left. */

import { formatSpan } from '../format/numbers.ts';
import { ageOf, type Validity } from '../format/validity.ts';
import { Badge } from './badge.tsx';
import { ShareBar } from './share-bar.tsx';

const words = { fresh: '', late: 'not renewed', expired: 'expired', future: 'not valid yet' } as const;

/** Where only the end is known there is no life to be part of. */
function leftOnly({ notAfterMs }: Validity, nowMs: number): string {
  if (notAfterMs === undefined) return 'not known';
  return notAfterMs > nowMs ? `${formatSpan(notAfterMs - nowMs)} left` : 'expired';
}

export function ValidityBar({ validity, nowMs }: { readonly validity: Validity; readonly nowMs: number }) {
  const age = ageOf(validity, nowMs);
  if (age === undefined) return <span class="muted">{leftOnly(validity, nowMs)}</span>;
  return (
    <span class="validity">
      <ShareBar share={age.used} tone={age.state === 'fresh' ? 'good' : 'bad'} />
      <span>{age.leftMs > 0 ? `${formatSpan(age.leftMs)} left` : `${formatSpan(-age.leftMs)} ago`}</span>
      {words[age.state] === '' ? undefined : (
        <Badge tone={age.state === 'late' ? 'warn' : 'bad'}>{words[age.state]}</Badge>
      )}
    </span>
  );
}
