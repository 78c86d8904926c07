/** What mesh/gateways offers to mesh/routes: the listeners that routes may attach to, grants, and TLS to backends. */

import type { Collection, Index, Read } from '../../graph/types.ts';
import type { ListenerProtocol } from '../gateway-model.ts';
import type { LabelSelector } from '../kubernetes.ts';
import type { RouteKind } from '../model.ts';

/** A listener as routes see it; keyed like the GatewayListener. Also those that serve nothing: routes attach to them and count. */
export interface AttachableListener {
  /** Key of the Gateway that carries it out. */
  readonly gateway: string;
  /** What a parentRef names: `Gateway/<namespace>/<name>` or `ListenerSet/<namespace>/<name>`. */
  readonly parent: string;
  /** Its name, which a parentRef's sectionName means. */
  readonly section: string;
  readonly port: number;
  readonly protocol: ListenerProtocol;
  /** Lower case; absent where any is meant. */
  readonly hostname?: string;
  readonly tlsMode?: 'Terminate' | 'Passthrough';
  /** Kinds of routes it takes. */
  readonly kinds: readonly RouteKind[];
  /** Namespaces whose routes may attach, by allowedRoutes; `Attachables.allows` judges by it. */
  readonly namespaces: AllowedNamespaces;
  /** Whether the data plane carries it out. */
  readonly served: boolean;
  /** Key of the Certificate that its Gateway shows to backends which are called by TLS (`Upstream.clientCertificate`). */
  readonly clientCertificate?: string;
}

/** Plain data, so that the graph can tell whether it changed. `Only` is what `Same` means where it is written. */
export type AllowedNamespaces =
  | { readonly from: 'All' }
  | { readonly from: 'None' }
  | { readonly from: 'Only'; readonly namespace: string }
  | { readonly from: 'Selector'; readonly selector: LabelSelector };

/** One reference across namespaces, as ReferenceGrants judge it. Groups are empty for core. */
export interface Reference {
  readonly fromGroup: string;
  readonly fromKind: string;
  readonly fromNamespace: string;
  readonly toGroup: string;
  readonly toKind: string;
  readonly toNamespace: string;
  readonly toName: string;
}

export interface Attachables {
  readonly listeners: Collection<AttachableListener>;
  /** By `parent`. */
  readonly byParent: Index<AttachableListener>;
  /** Whether routes of a namespace may attach to the listener. */
  allows(listener: AttachableListener, namespace: string, read: Read): boolean;
  /** Whether a Gateway or ListenerSet of Weft's exists under that `parent`, accepted or not. */
  isOurs(parent: string, read: Read): boolean;
  /** Whether some ReferenceGrant permits it; references inside a namespace need none. */
  permits(reference: Reference, read: Read): boolean;
  /** Key of the BackendTLS that holds for a ServicePort, by the rules of precedence of BackendTLSPolicy. */
  backendTLSOf(servicePort: string, read: Read): string | undefined;
}
