/** The judged Gateways as routes see them. */

import type { GraphApi } from '../../graph/types.ts';
import type { MeshSources } from '../sources.ts';
import type { AttachableListener, Attachables } from './attachable.ts';
import type { BackendTLSByPort } from './backend-tls.ts';
import { type Grants, permits } from './grants.ts';
import type { JudgedGateway } from './judge.ts';
import type { JudgedListener } from './judge-listener.ts';
import { isAllowed } from './selectors.ts';
import type { Collection } from '../../graph/types.ts';

export interface AttachablesContext {
  readonly sources: MeshSources;
  readonly judged: Collection<JudgedGateway>;
  readonly grants: Grants;
  readonly backendTLSByPort: BackendTLSByPort;
}

export function createAttachables(graph: GraphApi, context: AttachablesContext): Attachables {
  const { sources, judged, grants, backendTLSByPort } = context;
  const listeners = graph.expand('attachableListeners', judged, (gateway, { clientCertificate, ...own }) =>
    [own, ...own.sets].flatMap((object) =>
      object.listeners.flatMap((listener) => attachable(listener, gateway, clientCertificate)),
    ),
  );
  const byParent = graph.index('listenersByParent', listeners, ({ parent }) => [parent]);
  // Objects, whatever listeners they have left.
  const parents = graph.expand('gatewayParents', judged, (gateway, { sets }) => [
    [`Gateway/${gateway}`, true] as const,
    ...sets.map(({ key }) => [`ListenerSet/${key}`, true] as const),
  ]);
  return {
    listeners,
    byParent,
    allows: (listener, namespace, read) =>
      isAllowed(listener.namespaces, namespace, (name) => read(sources.namespaces, name)),
    isOurs: (parent, read) => read(parents, parent) !== undefined,
    permits: (reference, read) => permits(grants, reference, read),
    backendTLSOf: (servicePort, read) => read(backendTLSByPort, servicePort)?.winner,
  };
}

/** Nothing where the protocol is not known: no route can mean it. */
function attachable(
  { key, parent, section, port, protocol, hostname, tlsMode, kinds, namespaces, served }: JudgedListener,
  gateway: string,
  clientCertificate: string | undefined,
): readonly (readonly [string, AttachableListener])[] {
  if (protocol === undefined) return [];
  const listener = {
    gateway,
    parent,
    section,
    port,
    protocol,
    ...(hostname === undefined ? {} : { hostname }),
    ...(tlsMode === undefined ? {} : { tlsMode }),
    kinds,
    namespaces,
    served,
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
  };
  return [[key, listener]];
}
