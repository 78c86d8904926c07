/** Links to the page of an object, in the form every page uses. */

import type { ComponentChildren } from 'preact';
import type { ObjectRef } from '../../views/types.ts';
import { place } from '../state/browser.ts';
import { linkTo, type Place } from '../state/location.ts';
import { objectPath } from '../state/object-path.ts';
import { useStore } from '../state/use-store.ts';

export interface LinkProps {
  readonly path: readonly string[];
  readonly query?: Place['query'];
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Link({ path, query, class: className, children }: LinkProps) {
  const here = useStore(place);
  return (
    <a href={linkTo(here, path, query)} class={className}>
      {children}
    </a>
  );
}

/** `Kind namespace/name`; an object whose name is hidden is told to be, and leads nowhere. */
export function ObjectLink({
  object,
  plain = false,
}: {
  readonly object: ObjectRef;
  readonly plain?: boolean;
}) {
  const scope = object.namespace === undefined || object.namespace === '' ? '' : `${object.namespace}/`;
  if (object.name === '') return <span class="muted">{scope}not visible to you</span>;
  const name = (
    <>
      {plain ? undefined : <span class="kind">{object.kind}</span>}
      <span class="muted">{scope}</span>
      {object.name}
    </>
  );
  const path = objectPath(object);
  return path === undefined ? (
    <span class="object">{name}</span>
  ) : (
    <Link path={path} class="object">
      {name}
    </Link>
  );
}
