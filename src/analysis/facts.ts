/**
 * What analysis looks at beyond what the mesh is computed from: parts of objects that change nothing in any proxy, and
 * yet say whether things will go as somebody meant them to. Small shapes, one collection per kind.
 */

import type { CertificateAuthority, MeshConfig } from '../base/api.ts';
import type { GraphApi, Source } from '../graph/types.ts';

/** Keyed `namespace/name`; of Services of every type. */
export interface ServiceFacts {
  /** `ClusterIP` where none is said. */
  readonly type: string;
  readonly externalName?: string;
  readonly sessionAffinity?: string;
  readonly internalTrafficPolicy?: string;
  /** As the Service lists them, so that an index is a place in it. */
  readonly ports: readonly {
    readonly port: number;
    readonly protocol: string;
    readonly name: string;
    readonly appProtocol?: string;
    /** A number, or the name of a container's port. */
    readonly target: number | string;
  }[];
}

/** What all pods of one template have in common. */
export interface TemplateFacts {
  readonly hostNetwork: boolean;
  /** Where there is no proxy to be had. */
  readonly windows: boolean;
  /** The default of Kubernetes where none is said. */
  readonly graceSeconds: number;
  readonly containers: readonly ContainerFacts[];
  /** Value of the label weft.dev/inject. */
  readonly inject?: string;
  /** Annotations `proxy.weft.dev/<setting>`, without the prefix. */
  readonly settings: Readonly<Record<string, string>>;
  /** weft.dev/inject is written as an annotation, where nobody reads it. */
  readonly misplacedInject: boolean;
  /** The other mesh that puts its proxy into the pod. */
  readonly otherMesh?: string;
}

export interface ContainerFacts {
  readonly name: string;
  /** Its place in the pod. */
  readonly index: number;
  readonly ports: readonly { readonly port: number; readonly name: string }[];
  readonly hasReadinessProbe: boolean;
  /** Ports of 127.0.0.1, ::1 or localhost in its arguments, with the path of the argument. */
  readonly loopback: readonly { readonly port: number; readonly path: string }[];
}

/** Keyed `namespace/name`; only of pods that have not ended. */
export interface PodFacts {
  /** One object for all pods of the same. */
  readonly template: TemplateFacts;
  /** What the injection left on the pod; absent without a proxy. */
  readonly proxy?: ProxyRevision;
  /** Static pods cannot be changed by anybody. */
  readonly mirror: boolean;
}

export interface ProxyRevision {
  readonly version: string;
  /** Hash of all settings that make a proxy. */
  readonly settings: string;
}

/** Keyed `namespace/name`; absent where there is nothing of note. */
export interface GatewayFacts {
  /** Why it has no address that it could be reached at. */
  readonly noAddress: string;
}

/** A workload as somebody wrote it, before there are pods; keyed `namespace/kind/name`. Only for files. */
export interface WrittenWorkload {
  /** What injection says of its pods: refusals, and things that will surprise. Paths are those of the pod. */
  readonly objections: readonly {
    readonly refused: boolean;
    readonly code: string;
    readonly path: string;
    readonly message: string;
    readonly remedy: string;
  }[];
  /** Labels and annotations of Weft on the workload, which says nothing to its pods: paths. */
  readonly misplaced: readonly string[];
}

/** Keyed by name; absent where there is nothing of note. */
export interface NamespaceFacts {
  readonly misplacedInject: boolean;
  /** Annotations `proxy.weft.dev/<setting>`, which belong to pods. */
  readonly misplacedSettings: readonly string[];
}

/** The one object that says what is known at all; keyed `default`. */
export interface Situation {
  /** In whole hours, so that nothing is looked at again all the time. */
  readonly nowMs: number;
  readonly controlPlaneNamespace: string;
  /** What new pods would be given; absent where nobody knows. */
  readonly proxy?: ProxyRevision;
  /** Plurals of the kinds of which not all objects are known: what is missing there may well exist. */
  readonly unknownKinds: readonly string[];
  /** Where only some objects were given: the namespaces of which the Services were. */
  readonly givenNamespaces?: readonly string[];
}

export interface AnalysisSources {
  readonly services: Source<ServiceFacts>;
  readonly pods: Source<PodFacts>;
  readonly namespaces: Source<NamespaceFacts>;
  readonly gateways: Source<GatewayFacts>;
  readonly written: Source<WrittenWorkload>;
  /** Of any name, though only `default` counts. */
  readonly meshConfigs: Source<MeshConfig>;
  readonly authorities: Source<CertificateAuthority>;
  readonly situation: Source<Situation>;
}

export function createAnalysisSources(graph: GraphApi): AnalysisSources {
  return {
    services: graph.source('services/facts'),
    pods: graph.source('pods/facts'),
    namespaces: graph.source('namespaces/facts'),
    gateways: graph.source('gateways/facts'),
    written: graph.source('workloads/written'),
    meshConfigs: graph.source('meshconfigs/facts'),
    authorities: graph.source('certificateauthorities/facts'),
    situation: graph.source('situation'),
  };
}
