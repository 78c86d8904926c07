/** To what an object became. */

import { explainPath } from '../state/object-path.ts';
import { Link } from './link.tsx';

/** @param namespaced `namespace/name` */
export function ExplainLink({ kind, namespaced }: { readonly kind: string; readonly namespaced: string }) {
  const [first = '', second] = namespaced.split('/');
  const object = second === undefined ? { kind, name: first } : { kind, namespace: first, name: second };
  return <Link path={explainPath(object)}>{namespaced}</Link>;
}
