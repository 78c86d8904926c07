/** The frame of a page: its title, what it is about, and what may be missing from its data. */

import type { ComponentChildren } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import type { Polled } from '../state/poll.ts';
import { Gaps, ProblemNotice } from './notice.tsx';

export interface PageProps {
  readonly title: string;
  readonly about?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Page({ title, about, actions, class: className = '', children }: PageProps) {
  useLayoutEffect(() => {
    document.title = `${title} · Weft`;
  }, [title]);
  return (
    <div class={`page ${className}`}>
      <header class="page-head">
        <div>
          <h1>{title}</h1>
          {about === undefined ? undefined : <p class="muted">{about}</p>}
        </div>
        {actions === undefined ? undefined : <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Its children once there is data; before that, and beside it, what hinders. */
export function Loaded<T extends { readonly gaps?: readonly string[] }>({
  data,
  children,
}: {
  readonly data: Polled<T>;
  readonly children: (data: T) => ComponentChildren;
}) {
  return (
    <>
      <ProblemNotice problem={data.problem} hasData={data.data !== undefined} />
      <Gaps gaps={data.data?.gaps} />
      {data.data === undefined ? data.problem === undefined ? <Skeleton /> : undefined : children(data.data)}
    </>
  );
}

function Skeleton() {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      <div />
      <div />
      <div />
    </div>
  );
}
