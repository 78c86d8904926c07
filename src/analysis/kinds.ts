/** Every kind of object that analysis looks at, and where it goes: the same projections as in the control plane. */

import type { Source } from '../graph/types.ts';
import type { KubeObject } from '../kube/types.ts';
import * as project from '../mesh/project.ts';
import * as projectGateways from '../mesh/project-gateways.ts';
import * as projectRoutes from '../mesh/project-routes.ts';
import type { MeshSources } from '../mesh/sources.ts';
import type { AnalysisSources } from './facts.ts';
import {
  projectGatewayFacts,
  projectNamespaceFacts,
  projectPodFacts,
  projectServiceFacts,
} from './project.ts';

export interface KnownKind {
  readonly plural: string;
  readonly namespaced: boolean;
  put(key: string, object: KubeObject): void;
  delete(key: string): void;
}

interface Outlet {
  readonly source: Source<never>;
  readonly project: (object: never) => unknown;
}

function into<V>(source: Source<V>, projection: (object: never) => V | undefined): Outlet {
  return { source: source as unknown as Source<never>, project: projection };
}

function kind(plural: string, scope: 'namespaced' | 'cluster', ...outlets: readonly Outlet[]): KnownKind {
  return {
    plural,
    namespaced: scope === 'namespaced',
    put(key, object) {
      // Everything is projected before anything is written: an object is taken in whole or not at all.
      const values = outlets.map((outlet) => outlet.project(object as never));
      for (const [index, { source }] of outlets.entries()) {
        if (values[index] === undefined) source.delete(key);
        else source.set(key, values[index] as never);
      }
    },
    delete(key) {
      for (const { source } of outlets) source.delete(key);
    },
  };
}

const whole = <T>(object: T): T => object;
const gatewayAPI = 'gateway.networking.k8s.io';

/** Keyed `<group>/<kind>`. */
export function kindsOf(mesh: MeshSources, facts: AnalysisSources): ReadonlyMap<string, KnownKind> {
  return new Map([
    [
      '/Service',
      kind(
        'services',
        'namespaced',
        into(mesh.services, project.projectService),
        into(facts.services, projectServiceFacts),
      ),
    ],
    [
      '/Pod',
      kind('pods', 'namespaced', into(mesh.pods, project.projectPod), into(facts.pods, projectPodFacts)),
    ],
    [
      '/Namespace',
      kind(
        'namespaces',
        'cluster',
        into(mesh.namespaces, project.projectNamespace),
        into(facts.namespaces, projectNamespaceFacts),
      ),
    ],
    ['/Node', kind('nodes', 'cluster', into(mesh.nodes, project.projectNode))],
    ['/Secret', kind('secrets', 'namespaced', into(mesh.tlsSecrets, projectGateways.projectTLSSecret))],
    ['/ConfigMap', kind('configmaps', 'namespaced', into(mesh.configMaps, projectGateways.projectConfigMap))],
    [
      'discovery.k8s.io/EndpointSlice',
      kind('endpointslices', 'namespaced', into(mesh.endpointSlices, project.projectEndpointSlice)),
    ],
    [
      'networking.k8s.io/ServiceCIDR',
      kind('servicecidrs', 'cluster', into(mesh.serviceCIDRs, project.projectServiceCIDR)),
    ],
    ...gatewayKinds(mesh, facts),
    [
      'apiextensions.k8s.io/CustomResourceDefinition',
      kind('customresourcedefinitions', 'cluster', into(mesh.gatewayAPI, projectGateways.projectGatewayAPI)),
    ],
    [
      'weft.dev/MeshConfig',
      kind(
        'meshconfigs',
        'cluster',
        into(mesh.meshConfigs, project.projectMeshConfig),
        into(facts.meshConfigs, whole),
      ),
    ],
    [
      'weft.dev/CertificateAuthority',
      kind('certificateauthorities', 'cluster', into(facts.authorities, whole)),
    ],
    [
      'weft.dev/TelemetryPolicy',
      kind('telemetrypolicies', 'namespaced', into(mesh.telemetryPolicies, project.projectTelemetryPolicy)),
    ],
    [
      'weft.dev/MutualTLSPolicy',
      kind('mutualtlspolicies', 'namespaced', into(mesh.mutualTLSPolicies, project.projectMutualTLSPolicy)),
    ],
  ]);
}

function gatewayKinds(mesh: MeshSources, facts: AnalysisSources): readonly (readonly [string, KnownKind])[] {
  const { projectStreamRoute } = projectRoutes;
  const known: readonly (readonly [string, KnownKind])[] = [
    ['HTTPRoute', kind('httproutes', 'namespaced', into(mesh.httpRoutes, projectRoutes.projectHTTPRoute))],
    ['GRPCRoute', kind('grpcroutes', 'namespaced', into(mesh.grpcRoutes, projectRoutes.projectGRPCRoute))],
    ['TLSRoute', kind('tlsroutes', 'namespaced', into(mesh.tlsRoutes, projectStreamRoute))],
    ['TCPRoute', kind('tcproutes', 'namespaced', into(mesh.tcpRoutes, projectStreamRoute))],
    ['UDPRoute', kind('udproutes', 'namespaced', into(mesh.udpRoutes, projectStreamRoute))],
    [
      'ReferenceGrant',
      kind('referencegrants', 'namespaced', into(mesh.referenceGrants, projectRoutes.projectReferenceGrant)),
    ],
    [
      'GatewayClass',
      kind('gatewayclasses', 'cluster', into(mesh.gatewayClasses, projectGateways.projectGatewayClass)),
    ],
    [
      'Gateway',
      kind(
        'gateways',
        'namespaced',
        into(mesh.gateways, projectGateways.projectGateway),
        into(facts.gateways, projectGatewayFacts),
      ),
    ],
    [
      'ListenerSet',
      kind('listenersets', 'namespaced', into(mesh.listenerSets, projectGateways.projectListenerSet)),
    ],
    [
      'BackendTLSPolicy',
      kind(
        'backendtlspolicies',
        'namespaced',
        into(mesh.backendTLSPolicies, projectGateways.projectBackendTLSPolicy),
      ),
    ],
  ];
  return [
    ...known.map(([name, each]) => [`${gatewayAPI}/${name}`, each] as const),
    [
      'gateway.networking.x-k8s.io/XBackendTrafficPolicy',
      kind(
        'xbackendtrafficpolicies',
        'namespaced',
        into(mesh.backendTrafficPolicies, projectRoutes.projectBackendTrafficPolicy),
      ),
    ],
  ];
}

/** `apps` of `apps/v1`, empty for `v1`. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}
