/**
 * Everything about gateways on the graph, in two steps: what routes attach to, and, once they have, what became of it
 * all. Each step's calls are in the order of their dependence.
 */

import type { Collection, GraphApi, Index } from '../../graph/types.ts';
import type { GatewayModel, ListenerHosts, ListenerStreams } from '../gateway-model.ts';
import type { MeshPod, ServicePort } from '../model.ts';
import type { MeshSources } from '../sources.ts';
import type { Attachables } from './attachable.ts';
import { createAttachables } from './attachables.ts';
import {
  type BackendTLSByPort,
  deriveBackendTLSByPort,
  deriveJudgedPolicies,
  indexBackendTLS,
  type JudgedPolicy,
} from './backend-tls.ts';
import { deriveBackendTLSVerdicts, type RulesByBackend } from './backend-tls-verdicts.ts';
import { type CheckedCertificate, deriveAuthorities, deriveCertificates } from './certificates.ts';
import { deriveGatewayClassVerdicts } from './classes.ts';
import { indexGrants } from './grants.ts';
import { deriveJudgedGateways, type JudgedGateway } from './judge.ts';
import { gatewayGroup } from './listeners.ts';
import { deriveGateways, deriveServedCertificates } from './served.ts';
import { deriveVerdicts, type RoutesByListener } from './verdicts.ts';

/** What the second step needs of the first. */
export interface GatewayInputs {
  readonly attachables: Attachables;
  readonly judged: Collection<JudgedGateway>;
  readonly certificates: Collection<CheckedCertificate>;
  readonly judgedPolicies: Collection<JudgedPolicy>;
  readonly backendTLSByPort: BackendTLSByPort;
}

export function createGatewayInputs(
  graph: GraphApi,
  sources: MeshSources,
  servicePorts: Collection<ServicePort>,
  podsByWorkload: Index<MeshPod>,
): GatewayInputs {
  const grants = indexGrants(graph, sources);
  const certificates = deriveCertificates(graph, sources);
  const authorities = deriveAuthorities(graph, sources);
  const references = { grants, certificates, authorities };
  const setsByGateway = graph.index('setsByGateway', sources.listenerSets, ({ namespace, parentRef }) => {
    const { group = gatewayGroup, kind = 'Gateway', namespace: other = namespace, name } = parentRef;
    return group === gatewayGroup && kind === 'Gateway' ? [`${other}/${name}`] : [];
  });
  const judged = deriveJudgedGateways(graph, { ...references, sources, setsByGateway, podsByWorkload });
  const policiesByService = indexBackendTLS(graph, sources.backendTLSPolicies);
  const backendTLSByPort = deriveBackendTLSByPort(graph, servicePorts, policiesByService);
  const judgedPolicies = deriveJudgedPolicies(graph, sources.backendTLSPolicies, references);
  const attachables = createAttachables(graph, { sources, judged, grants, backendTLSByPort });
  return { attachables, judged, certificates, judgedPolicies, backendTLSByPort };
}

/** What routes make of the listeners. */
export interface AttachedRoutes {
  readonly routesByListener: RoutesByListener;
  readonly gatewayRulesByBackend: RulesByBackend;
  readonly listenerHosts: Collection<ListenerHosts>;
  readonly listenerStreams: Collection<ListenerStreams>;
}

export function createGatewayModel(
  graph: GraphApi,
  sources: MeshSources,
  servicePorts: Collection<ServicePort>,
  inputs: GatewayInputs,
  routes: AttachedRoutes,
): GatewayModel {
  const { judged, judgedPolicies, backendTLSByPort } = inputs;
  const { listenerHosts, listenerStreams, routesByListener, gatewayRulesByBackend } = routes;
  return {
    gateways: deriveGateways(graph, judged),
    certificates: deriveServedCertificates(graph, inputs.certificates),
    listenerHosts,
    listenerStreams,
    backendTLS: graph.derive('backendTLS', judgedPolicies, (_, { tls }) => tls),
    gatewayClassVerdicts: deriveGatewayClassVerdicts(graph, sources),
    ...deriveVerdicts(graph, { sources, judged, routesByListener }),
    backendTLSVerdicts: deriveBackendTLSVerdicts(graph, {
      policies: sources.backendTLSPolicies,
      judgedPolicies,
      byPort: backendTLSByPort,
      servicePorts,
      rulesByBackend: gatewayRulesByBackend,
    }),
  };
}
