/** What the reader must know about the data: that it is missing, refused, old, or has gaps. */

import type { ComponentChildren } from 'preact';
import { ApiProblem } from '../api/client.ts';
import { ErrorCode } from './error-code.tsx';

export interface NoticeProps {
  readonly tone: 'info' | 'warn' | 'bad';
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function Notice({ tone, title, children }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {children === undefined ? undefined : <div>{children}</div>}
    </div>
  );
}

export function Gaps({ gaps }: { readonly gaps: readonly string[] | undefined }) {
  if (gaps === undefined || gaps.length === 0) return undefined;
  return (
    <Notice tone="warn" title="Not everything is counted here">
      <ul>
        {gaps.map((gap) => (
          <li key={gap}>{gap}</li>
        ))}
      </ul>
    </Notice>
  );
}

const titles = {
  signIn: 'Sign in',
  forbidden: 'You may not read this',
  missing: 'There is no such thing',
  unreachable: 'The control plane does not answer',
  failed: 'This could not be read',
} as const;

const advice = {
  signIn: '',
  forbidden:
    'Kubernetes RBAC decides who reads what. Choose a namespace you may read above, or ask for a Role with the resource in the group observe.weft.dev.',
  missing: 'It may have been deleted, or you may not see it.',
  unreachable: 'It is asked again every few seconds.',
  failed: '',
} as const;

/** @param hasData old data is shown below: say that it is old */
export function ProblemNotice({
  problem,
  hasData = false,
}: {
  readonly problem: unknown;
  readonly hasData?: boolean;
}) {
  if (problem === undefined) return undefined;
  const known = problem instanceof ApiProblem ? problem : undefined;
  const kind = known?.kind ?? 'failed';
  const message = problem instanceof Error ? problem.message : 'Something unexpected happened.';
  return (
    <Notice tone={kind === 'forbidden' ? 'warn' : 'bad'} title={titles[kind]}>
      <p>
        {known?.code === undefined ? undefined : (
          <>
            <ErrorCode code={known.code} />{' '}
          </>
        )}
        {message}
      </p>
      {advice[kind] === '' ? undefined : <p>{advice[kind]}</p>}
      {hasData ? <p>What is shown below is what was known before.</p> : undefined}
    </Notice>
  );
}
