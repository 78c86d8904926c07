/** The listeners of Gateways and of ListenerSets, which are judged alike. */

import type { Condition } from '../../mesh/gateway-model.ts';
import type { JudgedListener } from '../../mesh/gateways/judge-listener.ts';
import { isAllowed } from '../../mesh/gateways/selectors.ts';
import type { Problem } from '../check.ts';
import { type Input, knows } from '../input.ts';

export interface Listeners {
  readonly listeners: readonly JudgedListener[];
}

export const conditionOf = (conditions: readonly Condition[], type: string): Condition | undefined =>
  conditions.find((condition) => condition.type === type);

type Found = Omit<Problem, 'path'> & { readonly path?: string };

/** `find` may name a field of the listener. */
export function eachListener(
  { listeners }: Listeners,
  find: (listener: JudgedListener) => Found | undefined,
): readonly Problem[] {
  return listeners.flatMap((listener, index) => {
    const found = find(listener);
    if (found === undefined) return [];
    const { path = '', ...rest } = found;
    return [{ path: `spec.listeners[${index}]${path}`, ...rest }];
  });
}

export function notAccepted({ conditions, section }: JudgedListener): Found | undefined {
  const accepted = conditionOf(conditions, 'Accepted');
  if (accepted === undefined || accepted.status) return undefined;
  const isConflict = conditionOf(conditions, 'Conflicted')?.status === true;
  return {
    message: `listener ${section} is not served: ${accepted.message}`,
    fix: isConflict ? 'Give it another port or another hostname.' : 'Write it as docs/gateways.md says.',
  };
}

/** A Secret that nobody gave us to look at may well exist. */
export function unresolved({ conditions, section }: JudgedListener, input: Input): Found | undefined {
  const resolved = conditionOf(conditions, 'ResolvedRefs');
  if (resolved === undefined || resolved.status) return undefined;
  const isAbsent = /there is no (Secret|ConfigMap) /.test(resolved.message);
  if (isAbsent && !knows(input, 'secrets')) return undefined;
  const message = `listener ${section}: ${resolved.message}`;
  if (resolved.reason === 'InvalidRouteKinds') {
    return { path: '.allowedRoutes.kinds', message, fix: 'Name kinds of routes that the protocol carries.' };
  }
  if (resolved.reason === 'RefNotPermitted') {
    return {
      path: '.tls',
      message,
      fix: 'Create a ReferenceGrant in the namespace of the Secret, or copy the Secret beside the Gateway.',
    };
  }
  return {
    path: '.tls',
    message,
    fix: 'Create it with kubectl create secret tls NAME --cert=FILE --key=FILE in the namespace that the reference means.',
  };
}

/** It may only be waiting for its routes: it is worth a word, no more. */
export function withoutRoutes(listener: JudgedListener, { read, mesh }: Input): Found | undefined {
  if (!listener.served) return undefined;
  const attached = read(mesh.workings.attachments.byListener, listener.key) ?? [];
  if (attached.length > 0) return undefined;
  return {
    message: `no route is attached to listener ${listener.section}, so every request is answered 404`,
    fix: `Attach a route: parentRefs: [{name: ${listener.parent.split('/').at(-1)}, sectionName: ${listener.section}}].`,
  };
}

export function admitsNobody(listener: JudgedListener, input: Input): Found | undefined {
  const { namespaces, section } = listener;
  if (namespaces.from !== 'Selector' || !knows(input, 'namespaces')) return undefined;
  const all = input.read(input.derived.namespaces, 'all') ?? [];
  if (all.some(({ key, value }) => isAllowed(namespaces, key, () => value))) return undefined;
  return {
    path: '.allowedRoutes.namespaces.selector',
    message: `no namespace has the labels that listener ${section} takes routes from`,
    fix: 'Label the namespaces of the routes, or correct the selector.',
  };
}

export function overlapping({ conditions, section }: JudgedListener): Found | undefined {
  const overlap = conditionOf(conditions, 'OverlappingTLSConfig');
  if (overlap?.status !== true) return undefined;
  return {
    path: '.tls',
    message: `listener ${section}: ${overlap.message}`,
    fix: 'Give the listeners certificates whose names do not overlap, or ports of their own.',
  };
}
