/** What became of each route at each of its parents: the truth that the route's status repeats. */

import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import type { RouteKind, RouteVerdict } from '../model.ts';
import { kindInForce, tableKey } from './attach-service.ts';
import { type Attachments, isAttachedTo, type ParentAttachment } from './attachments.ts';
import { type BackendContext, type Referrer, resolveBackend } from './backends.ts';
import type { ReadRoute } from './read.ts';

export interface VerdictContext extends BackendContext {
  readonly routes: Collection<ReadRoute>;
  readonly attachments: Attachments;
}

/** Keyed `<kind>/<namespace>/<name>|<parent index>`; only for the parents that are Weft's to judge. */
export function deriveRouteVerdicts(graph: GraphApi, context: VerdictContext): Collection<RouteVerdict> {
  return graph.expand('routeVerdicts', context.attachments.byRoute, (key, { parents }, read) => {
    const route = read(context.routes, key);
    if (route === undefined) return [];
    return parents.map((parent): readonly [string, RouteVerdict] => [
      `${key}|${parent.index}`,
      verdictOf(route, parent, context, read),
    ]);
  });
}

function verdictOf(
  route: ReadRoute,
  { index, ref, to }: ParentAttachment,
  context: VerdictContext,
  read: Read,
): RouteVerdict {
  const { kind, namespace, generation, partiallyInvalid } = route;
  const isOfMesh = ref.group === '' && ref.kind === 'Service';
  const tables = tablesAt(route, to, context, read);
  const accepted = judgeParent(route, to, tables);
  const known = { kind, route: `${namespace}/${route.name}`, generation, parentIndex: index, parentRef: ref };
  return {
    ...known,
    accepted,
    resolvedRefs: judgeBackends(route, isOfMesh ? route : { kind, namespace, gateway: {} }, context, read),
    ...(partiallyInvalid === undefined || !accepted.status ? {} : { partiallyInvalid }),
    tables: accepted.status ? tables.won : [],
    listeners: 'listeners' in to ? [...new Set(to.listeners.map(({ listener }) => listener))].sort() : [],
  };
}

interface Tables {
  readonly won: readonly string[];
  /** Ports at which routes of another kind hold. */
  readonly lost: readonly { readonly port: string; readonly to: RouteKind }[];
}

function tablesAt(
  route: ReadRoute,
  to: ParentAttachment['to'],
  { attachments }: VerdictContext,
  read: Read,
): Tables {
  if (!('ports' in to) || route.problem !== undefined) return { won: [], lost: [] };
  const [serviceNamespace = ''] = to.service.split('/');
  const all = (read(attachments.byService, to.service) ?? []).map(({ value }) => value);
  const won: string[] = [];
  const lost: Tables['lost'][number][] = [];
  for (const port of to.ports) {
    const rivals = all.filter((other) => isAttachedTo(other, port));
    const kind = kindInForce(rivals, route.namespace, serviceNamespace);
    if (kind === undefined || kind === route.kind)
      won.push(tableKey(port, serviceNamespace, route.namespace));
    else lost.push({ port, to: kind });
  }
  return { won: won.sort(), lost };
}

function judgeParent(
  route: ReadRoute,
  to: ParentAttachment['to'],
  { won, lost }: Tables,
): RouteVerdict['accepted'] {
  if ('reason' in to) return { status: false, reason: to.reason, message: to.message };
  if (route.problem !== undefined) return { status: false, ...route.problem };
  const conflict = lost.map(({ port, to: kind }) => `at ${port} ${kind}s go first`).join('; ');
  if (lost.length > 0 && won.length === 0) return { status: false, reason: 'Conflicted', message: conflict };
  const message = lost.length === 0 ? 'the route is attached' : `the route is attached, but ${conflict}`;
  return { status: true, reason: 'Accepted', message };
}

/** Of several broken references the first gives the reason; the message names all. */
function judgeBackends(
  route: ReadRoute,
  referrer: Referrer,
  context: VerdictContext,
  read: Read,
): RouteVerdict['resolvedRefs'] {
  const broken = route.references.flatMap(({ ref, field }) => {
    const target = resolveBackend(ref, referrer, context, read);
    return 'servicePort' in target ? [] : [{ reason: target.reason, message: `${field}: ${target.message}` }];
  });
  const [first] = broken;
  if (first === undefined) return { status: true, reason: 'ResolvedRefs', message: 'all backends exist' };
  return { status: false, reason: first.reason, message: broken.map(({ message }) => message).join('; ') };
}
