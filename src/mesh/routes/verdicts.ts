/** What became of each route at each of its Services: the truth that the route's status repeats. */

import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { ParentRef } from '../kubernetes.ts';
import type { RouteVerdict } from '../model.ts';
import { isServiceParent } from '../project-routes.ts';
import { attach, type Attachment, parentKey, tableKey } from './attach.ts';
import { type BackendContext, resolveBackend } from './backends.ts';
import type { ReadRoute } from './read.ts';

export function deriveRouteVerdicts(
  graph: GraphApi,
  routes: Collection<ReadRoute>,
  context: BackendContext,
): Collection<RouteVerdict> {
  return graph.expand('routeVerdicts', routes, (key, route, read) => {
    const resolvedRefs = judgeBackends(route, context, read);
    return route.parentRefs.flatMap(
      (parentRef, parentIndex): readonly (readonly [string, RouteVerdict])[] => {
        if (!isServiceParent(parentRef)) return [];
        const attachment = attach(parentRef, route.namespace, context, read);
        const accepted = judgeParent(route, attachment);
        const tables = accepted.status ? tablesAt(parentRef, route, attachment) : [];
        const verdict = { kind: 'HTTPRoute' as const, route: key, generation: route.generation, parentIndex, parentRef };
        return [[`${key}|${parentIndex}`, { ...verdict, accepted, resolvedRefs, tables, listeners: [] }]];
      },
    );
  });
}

function judgeParent(route: ReadRoute, attachment: Attachment): RouteVerdict['accepted'] {
  if (!('ports' in attachment)) {
    return { status: false, reason: attachment.reason, message: attachment.message };
  }
  if (route.problem !== undefined) return { status: false, ...route.problem };
  return { status: true, reason: 'Accepted', message: 'the route is attached' };
}

function tablesAt(parent: ParentRef, route: ReadRoute, attachment: Attachment): readonly string[] {
  if (!('ports' in attachment)) return [];
  const [serviceNamespace = ''] = parentKey(parent, route.namespace).split('/');
  return attachment.ports.map((port) => tableKey(port, serviceNamespace, route.namespace));
}

/** Of several broken references the first gives the reason; the message names all. */
function judgeBackends(route: ReadRoute, context: BackendContext, read: Read): RouteVerdict['resolvedRefs'] {
  const broken = route.rules.flatMap((rule) =>
    [...rule.backends, ...rule.filters.mirrors].flatMap(({ ref, field }) => {
      const target = resolveBackend(ref, route.namespace, context, read);
      return 'servicePort' in target
        ? []
        : [{ reason: target.reason, message: `${field}: ${target.message}` }];
    }),
  );
  const [first] = broken;
  if (first === undefined) return { status: true, reason: 'ResolvedRefs', message: 'all backends exist' };
  return { status: false, reason: first.reason, message: broken.map(({ message }) => message).join('; ') };
}
