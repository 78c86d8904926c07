/**
 * What the API answers besides traffic: lists for people, the same for the weft command, the web page and programs. All
 * times are milliseconds since 1970 of the control plane's clock, which `nowMs` of the overview tells; rates and
 * latencies are those of the last minute, absent where nothing was counted.
 *
 * Whoever may not read a namespace does not see what is in it: lists leave it out, and references to it are `hidden`.
 */

import type { Finding, Severity } from '../../analysis/types.ts';
import type { MutualTLSMode, Protocol, RouteKind } from '../../mesh/model.ts';
import type { HeldResource } from '../../xds/server/inspect.ts';
import type { Explained } from '../explain.ts';

/** Answer of every list: `workloads`, `services`, `routes`, `policies`, `proxies`, `certificates`, `findings`. */
export interface Listing<T> {
  /** What is missing and why, in words for people: replicas that did not answer. */
  readonly gaps: readonly string[];
  /** In order of namespace, kind and name. */
  readonly items: readonly T[];
}

/** An object of the cluster, or of the mesh, that a page can link to. */
export interface ObjectRef {
  readonly kind: string;
  /** Absent for objects without one. */
  readonly namespace?: string;
  /** Empty where it is hidden: only the namespace is told. */
  readonly name: string;
}

/** What is received; of a minute. */
export interface Traffic {
  readonly requestsPerSecond: number;
  /** 0 to 1; absent without a request, as are the latencies. */
  readonly successRate?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Opened. */
  readonly connectionsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Share of requests and connections that came by mutual TLS, 0 to 1; absent without any. */
  readonly mtlsShare?: number;
}

/** `overview`: is all well, and if not, what and why. */
export interface Overview {
  readonly nowMs: number;
  readonly version: string;
  readonly trustDomain: string;
  readonly gaps: readonly string[];
  readonly replicas: readonly ReplicaView[];
  readonly proxies: {
    /** Pods of the mesh that are ready or should be. */
    readonly expected: number;
    readonly connected: number;
    readonly inSync: number;
    readonly rejecting: number;
  };
  readonly counts: {
    readonly namespaces: number;
    readonly workloads: number;
    readonly services: number;
    readonly routes: number;
    readonly policies: number;
    readonly gateways: number;
  };
  readonly authority: {
    readonly rootNotAfterMs: number;
    readonly intermediateNotAfterMs: number;
  };
  /** Of all workloads the asker may read. */
  readonly traffic: Traffic;
  /** Most severe first; empty where all is well. */
  readonly problems: readonly Problem[];
}

export interface ReplicaView {
  readonly name: string;
  /** `false`: it exists and did not answer; then only the name is known. */
  readonly answering: boolean;
  readonly version?: string;
  readonly leading?: boolean;
  readonly proxies?: number;
  /** Since when it has counted traffic. */
  readonly sinceMs?: number;
}

/** One thing that is wrong now, and why. */
export interface Problem {
  /** `finding` comes from the analysis; the others from what the mesh sees while it runs. */
  readonly kind: 'replica' | 'authority' | 'rejection' | 'proxy' | 'route' | 'policy' | 'traffic' | 'finding';
  readonly severity: Severity;
  /** Of the catalogue, where there is one. */
  readonly code?: string;
  readonly object: ObjectRef;
  readonly message: string;
  /** What to do; empty where only the object's owner can know. */
  readonly fix: string;
}

/** `workloads` */
export interface WorkloadView {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly serviceAccount: string;
  /** SPIFFE ID. */
  readonly identity: string;
  /** Distinct versions of its pods, ascending. */
  readonly versions: readonly string[];
  readonly mtls: {
    readonly mode: MutualTLSMode;
    /** `namespace/name` of the MutualTLSPolicy; absent where the mesh's default holds. */
    readonly policy?: string;
  };
  readonly pods: {
    readonly total: number;
    readonly ready: number;
    readonly connected: number;
    readonly inSync: number;
  };
  /** Services it is an endpoint of. */
  readonly services: readonly ObjectRef[];
  /** What its proxies use and therefore hold. */
  readonly uses: readonly ObjectRef[];
  readonly traffic: Traffic;
}

/** `services` */
export interface ServiceView {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly ports: readonly ServicePortView[];
  /** Behind it. */
  readonly workloads: readonly ObjectRef[];
  /** That attach to it or send to it. */
  readonly routes: readonly ObjectRef[];
  readonly policies: readonly ObjectRef[];
  readonly traffic: Traffic;
}

export interface ServicePortView {
  readonly port: number;
  readonly name: string;
  readonly protocol: Protocol;
  readonly endpoints: number;
  /** Of these, how many speak mutual TLS of the mesh. */
  readonly meshed: number;
}

/** `routes` */
export interface RouteView {
  readonly kind: RouteKind;
  readonly namespace: string;
  readonly name: string;
  readonly hostnames: readonly string[];
  readonly parents: readonly RouteParentView[];
  readonly rules: readonly RouteRuleView[];
  readonly traffic: Traffic;
}

export interface RouteParentView {
  readonly object: ObjectRef;
  readonly accepted: boolean;
  readonly resolved: boolean;
  /** Of the first of both that is false, else of Accepted. */
  readonly reason: string;
  readonly message: string;
}

export interface RouteRuleView {
  /** Empty without a name of its own. */
  readonly name: string;
  /** Matches in words, such as `GET /v2 header x-canary=1`; empty where everything matches. */
  readonly matches: readonly string[];
  /** Filters and what else happens, in words, such as `redirect to https`; empty where it only sends on. */
  readonly actions: readonly string[];
  readonly backends: readonly RouteBackendView[];
}

export interface RouteBackendView {
  readonly object: ObjectRef;
  readonly port?: number;
  readonly weight: number;
  /** By the weights, 0 to 1, of this rule. */
  readonly share: number;
  /** Of what this route sent to any of its backends, 0 to 1, whichever rule sent it; absent without traffic. */
  readonly seen?: number;
  readonly requestsPerSecond: number;
  readonly successRate?: number;
}

/** `policies`: of Weft's own and Gateway API's kinds. */
export interface PolicyView {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly accepted: boolean;
  readonly reason: string;
  readonly message: string;
  /** What it names; `missing` where that does not exist. */
  readonly targets: readonly (ObjectRef & { readonly missing: boolean })[];
  /** What it decides, in words, such as `mutual TLS Strict`. */
  readonly effect: string;
  /** What it is in force for. */
  readonly affects: readonly ObjectRef[];
}

/** `proxies`: one for each pod of the mesh, connected or not. */
export interface ProxyView {
  readonly namespace: string;
  readonly pod: string;
  readonly workload: ObjectRef;
  readonly identity: string;
  readonly connected: boolean;
  /** Everything it should have is acknowledged. */
  readonly inSync: boolean;
  /** The following are known where it is connected. */
  readonly replica?: string;
  /** By the moment of the answer. */
  readonly connectedForMs?: number;
  readonly lastAckAgoMs?: number;
  /** Resources it holds, per type. */
  readonly held?: Readonly<Record<string, number>>;
  readonly pending?: number;
  /** Responses it has refused since it connected. */
  readonly rejected?: number;
  readonly certificate?: { readonly notBeforeMs: number; readonly notAfterMs: number };
}

/** `proxies/<pod>`: the same with every resource it holds, by type in the order of sending, then by name. */
export interface ProxyDetailView extends ProxyView {
  readonly gaps: readonly string[];
  readonly resources: readonly HeldResource[];
}

/** `certificates` */
export interface CertificateView {
  readonly kind: 'root' | 'intermediate' | 'serving' | 'workload';
  /** Whose: the pod, the replica; the mesh's authority has no namespace. */
  readonly object: ObjectRef;
  /** SPIFFE ID; empty for authorities. */
  readonly identity: string;
  /** Absent where it is not known: the proxy is not connected. */
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  /** Hexadecimal; where it is known. */
  readonly serial?: string;
}

/** `findings` */
export type FindingsView = Listing<Finding>;

/** `explain` */
export interface ExplainedView extends Explained {
  readonly gaps: readonly string[];
  /** What the analysis says about this object. */
  readonly findings: readonly Finding[];
}
