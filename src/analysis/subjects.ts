/** What checks are made of: one shape per kind of object, as the collections of mesh and facts have them. */

import type { CertificateAuthority, MeshConfig } from '../base/api.ts';
import type {
  BackendTLSPolicySource,
  GatewayClassSource,
  GatewaySource,
  ListenerSetSource,
} from '../mesh/gateways/sources.ts';
import type { JudgedGateway } from '../mesh/gateways/judge.ts';
import type { ReadRoute } from '../mesh/routes/read.ts';
import type {
  BackendTrafficPolicySource,
  MutualTLSPolicySource,
  ReferenceGrantSource,
  ServiceSource,
  TelemetryPolicySource,
} from '../mesh/sources.ts';
import type { NamespaceFacts, ServiceFacts } from './facts.ts';
import type { WorkloadSubject } from './input.ts';

/** Of an object that is looked at; `key` as in its collection. */
export interface Keyed {
  readonly key: string;
}

export interface RouteSubject extends Keyed {
  readonly route: ReadRoute;
}

export interface ServiceSubject extends Keyed {
  readonly facts: ServiceFacts;
  /** Absent for a Service of type ExternalName. */
  readonly service?: ServiceSource;
}

export type { WorkloadSubject };

export interface NamespaceSubject extends Keyed {
  readonly labels: Readonly<Record<string, string>>;
  readonly facts?: NamespaceFacts;
}

export interface PolicySubject extends Keyed {
  readonly policy: MutualTLSPolicySource;
}

export interface TelemetryPolicySubject extends Keyed {
  readonly policy: TelemetryPolicySource;
}

export interface TrafficPolicySubject extends Keyed {
  readonly policy: BackendTrafficPolicySource;
}

export interface GatewaySubject extends Keyed {
  readonly gateway: GatewaySource;
  /** Absent where it is of a class of others. */
  readonly judged?: JudgedGateway;
}

export interface ListenerSetSubject extends Keyed {
  readonly set: ListenerSetSource;
}

export interface GatewayClassSubject extends Keyed {
  readonly gatewayClass: GatewayClassSource;
}

export interface BackendTLSSubject extends Keyed {
  readonly policy: BackendTLSPolicySource;
}

export interface GrantSubject extends Keyed {
  readonly grant: ReferenceGrantSource;
}

export interface MeshConfigSubject extends Keyed {
  readonly config: MeshConfig;
}

export interface AuthoritySubject extends Keyed {
  readonly authority: CertificateAuthority;
}
