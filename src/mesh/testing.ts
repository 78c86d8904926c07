/** For tests: a mesh fed with Kubernetes objects as people write them. */

import { parseAllDocuments } from 'yaml';
import type { Collection, GraphApi, Source } from '../graph/types.ts';
import type { KubeObject } from '../kube/types.ts';
import { createMesh } from './mesh.ts';
import * as project from './project.ts';
import * as projectGateways from './project-gateways.ts';
import * as projectRoutes from './project-routes.ts';
import { createMeshSources, type MeshSources } from './sources.ts';
import type { WorkedMesh } from './workings.ts';

export interface TestMesh {
  readonly sources: MeshSources;
  readonly mesh: WorkedMesh;
  /** Creates or replaces objects; YAML of any number of documents, or objects. */
  apply(...objects: readonly (string | KubeObject)[]): Promise<void>;
  /** By `Kind namespace/name`, or `Kind name`. */
  remove(...names: readonly string[]): Promise<void>;
  /** Has the workload use exactly these destinations. */
  use(workload: string, ...destinations: readonly string[]): Promise<void>;
}

export const testDefaults = {
  image: 'envoyproxy/envoy:test',
  redirectImage: 'weft/redirect:test',
  imagePullPolicy: 'IfNotPresent',
} as const;

interface Kind {
  put(key: string, object: KubeObject): void;
  delete(key: string): void;
}

function kind<V>(source: Source<V>, projection: (object: never) => V | undefined): Kind {
  return {
    put(key, object) {
      const value = projection(object as never);
      if (value === undefined) source.delete(key);
      else source.set(key, value);
    },
    delete: (key) => source.delete(key),
  };
}

export function createTestMesh(graph: GraphApi): TestMesh {
  const sources = createMeshSources(graph, testDefaults);
  const mesh = createMesh(graph, sources);
  const kinds: Readonly<Record<string, Kind>> = {
    Service: kind(sources.services, project.projectService),
    EndpointSlice: kind(sources.endpointSlices, project.projectEndpointSlice),
    Pod: kind(sources.pods, project.projectPod),
    Node: kind(sources.nodes, project.projectNode),
    ServiceCIDR: kind(sources.serviceCIDRs, project.projectServiceCIDR),
    Namespace: kind(sources.namespaces, project.projectNamespace),
    HTTPRoute: kind(sources.httpRoutes, projectRoutes.projectHTTPRoute),
    GRPCRoute: kind(sources.grpcRoutes, projectRoutes.projectGRPCRoute),
    TLSRoute: kind(sources.tlsRoutes, projectRoutes.projectStreamRoute),
    TCPRoute: kind(sources.tcpRoutes, projectRoutes.projectStreamRoute),
    UDPRoute: kind(sources.udpRoutes, projectRoutes.projectStreamRoute),
    XBackendTrafficPolicy: kind(sources.backendTrafficPolicies, projectRoutes.projectBackendTrafficPolicy),
    ReferenceGrant: kind(sources.referenceGrants, projectRoutes.projectReferenceGrant),
    GatewayClass: kind(sources.gatewayClasses, projectGateways.projectGatewayClass),
    Gateway: kind(sources.gateways, projectGateways.projectGateway),
    ListenerSet: kind(sources.listenerSets, projectGateways.projectListenerSet),
    BackendTLSPolicy: kind(sources.backendTLSPolicies, projectGateways.projectBackendTLSPolicy),
    Secret: kind(sources.tlsSecrets, projectGateways.projectTLSSecret),
    ConfigMap: kind(sources.configMaps, projectGateways.projectConfigMap),
    CustomResourceDefinition: kind(sources.gatewayAPI, projectGateways.projectGatewayAPI),
    MeshConfig: kind(sources.meshConfigs, project.projectMeshConfig),
    MutualTLSPolicy: kind(sources.mutualTLSPolicies, project.projectMutualTLSPolicy),
    TelemetryPolicy: kind(sources.telemetryPolicies, project.projectTelemetryPolicy),
  };
  const kindOf = (name: string): Kind => {
    const found = kinds[name];
    if (found === undefined) throw new Error(`the mesh knows no ${name}`);
    return found;
  };
  return {
    sources,
    mesh,
    async apply(...objects) {
      for (const object of objects.flatMap(parseObjects)) {
        const { namespace, name } = object.metadata;
        kindOf(object.kind ?? '').put(namespace === undefined ? name : `${namespace}/${name}`, object);
      }
      await graph.settled();
    },
    async remove(...names) {
      for (const each of names) {
        const [kindName = '', key = ''] = each.split(' ');
        kindOf(kindName).delete(key);
      }
      await graph.settled();
    },
    async use(workload, ...destinations) {
      sources.used.set(workload, { destinations });
      await graph.settled();
    },
  };
}

function parseObjects(text: string | KubeObject): readonly KubeObject[] {
  if (typeof text !== 'string') return [text];
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return (document.toJS() as KubeObject | null) ?? [];
  });
}

/** The whole collection as an object, keys ascending. */
export function contents<V>(collection: Collection<V>): Readonly<Record<string, V>> {
  return Object.fromEntries([...collection.entries()].sort(([a], [b]) => (a < b ? -1 : 1)));
}
