/** The object that a node of the graph stands for. */

import type { ObjectRef } from '../../views/types.ts';
import type { SceneNode } from '../graph/scene.ts';

/** Ids are `workload:shop/Deployment/web` and `service:shop/web`; the others are no objects of the cluster. */
export function nodeObject({ id }: Pick<SceneNode, 'id'>): ObjectRef | undefined {
  const [, prefix, rest = ''] = /^(\w+):(.*)$/s.exec(id) ?? [];
  const [namespace = '', kind = '', name = ''] = rest.split('/');
  if (prefix === 'service' && kind !== '') return { kind: 'Service', namespace, name: kind };
  if ((prefix === 'workload' || prefix === 'gateway') && name !== '') return { kind, namespace, name };
  return undefined;
}
