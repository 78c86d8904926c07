/** Builds the mesh model on the graph. The order of the calls is that of the collections: each reads only former ones. */

import type { GraphApi } from '../graph/types.ts';
import { deriveDestinations } from './destinations.ts';
import { deriveEndpoints } from './endpoints.ts';
import { createGatewayInputs, createGatewayModel } from './gateways/gateways.ts';
import { derivePodPorts } from './pod-ports.ts';
import { derivePods, indexPodsByAddress } from './pods.ts';
import { indexPolicies } from './policies.ts';
import { derivePolicyVerdicts } from './policy-verdicts.ts';
import { createRoutes } from './routes/routes.ts';
import { deriveTrafficPolicies } from './routes/traffic-policies.ts';
import { deriveServicePorts, indexFrontends } from './services.ts';
import { deriveSettings } from './settings.ts';
import type { MeshSources } from './sources.ts';
import { deriveTelemetry } from './telemetry.ts';
import { indexUsers } from './used.ts';
import type { WorkedMesh } from './workings.ts';
import { deriveIdentities, derivePlainPeers, deriveSubjects, deriveWorkloads } from './workloads.ts';

export function createMesh(graph: GraphApi, sources: MeshSources): WorkedMesh {
  const settings = deriveSettings(graph, sources);
  const traffic = deriveTrafficPolicies(graph, sources);
  const servicePorts = deriveServicePorts(graph, sources, traffic.settings);
  const frontends = indexFrontends(graph, servicePorts);

  const pods = derivePods(graph, sources);
  const podsByAddress = indexPodsByAddress(graph, pods);
  const podsByWorkload = graph.index('podsByWorkload', pods, ({ workload }) => [workload]);
  const meshedPods = graph.index('meshedPods', pods, ({ meshed, workload }) => (meshed ? [workload] : []));
  const podPorts = derivePodPorts(graph, sources, servicePorts, pods);

  const subjects = deriveSubjects(graph, meshedPods);
  const policies = indexPolicies(graph, sources);
  const workloads = deriveWorkloads(graph, { sources, settings, subjects, meshedPods, podPorts, policies });
  const policyVerdicts = derivePolicyVerdicts(graph, {
    sources,
    policies,
    workloads,
    podsByWorkload,
    subjects,
  });
  const telemetry = deriveTelemetry(graph, { sources, settings, subjects, podsByWorkload });
  const identities = deriveIdentities(graph, { settings, pods, workloads });
  const plainPeers = derivePlainPeers(graph, pods, identities);
  const endpoints = deriveEndpoints(graph, sources, servicePorts, { identities, plainPeers });

  const usedBy = indexUsers(graph, sources.used);
  const destinations = deriveDestinations(graph, {
    usedBy,
    frontends,
    podsByAddress,
    podPorts,
    identities,
    plainPeers,
  });

  const gateways = createGatewayInputs(graph, sources, servicePorts, podsByWorkload);
  const routes = createRoutes(graph, {
    sources,
    servicePorts,
    destinations,
    traffic: traffic.settings,
    attachables: gateways.attachables,
  });

  return {
    settings,
    servicePorts,
    endpoints,
    pods,
    workloads,
    used: sources.used,
    usedBy,
    destinations,
    routeTables: routes.routeTables,
    routeVerdicts: routes.routeVerdicts,
    policyVerdicts,
    telemetryProfiles: telemetry.profiles,
    routeSampling: telemetry.routeSampling,
    telemetryVerdicts: telemetry.verdicts,
    backendTrafficVerdicts: traffic.verdicts,
    gateway: createGatewayModel(graph, sources, servicePorts, gateways, routes),
    workings: {
      routes: routes.routes,
      attachments: routes.attachments,
      attachables: gateways.attachables,
      judgedGateways: gateways.judged,
      certificates: gateways.certificates,
      frontends,
      podsByWorkload,
      podPorts,
    },
  };
}
