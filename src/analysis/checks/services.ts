/** Services: whether calls to them get anywhere, and what of them the mesh does not do. */

import { gatewayNameLabel } from '../../base/names.ts';
import { containsAddress } from '../../mesh/cidrs.ts';
import { destinationKey } from '../../mesh/addresses.ts';
import type { Check, Problem } from '../check.ts';
import { type Input, knows, settingsOf } from '../input.ts';
import type { ServiceSubject } from '../subjects.ts';

export const serviceChecks: readonly Check<ServiceSubject>[] = [
  { code: 'WEFT-ANL-30', severity: 'info', find: selectsNothing },
  { code: 'WEFT-ANL-31', severity: 'error', find: missingTargetName },
  { code: 'WEFT-ANL-32', severity: 'info', find: undeclaredTarget },
  { code: 'WEFT-ANL-33', severity: 'error', find: sharedAddress },
  { code: 'WEFT-ANL-34', severity: 'error', find: outsideMeshCIDRs },
  { code: 'WEFT-ANL-35', severity: 'warning', find: partlyMeshed },
  { code: 'WEFT-ANL-36', severity: 'warning', find: affinityIgnored },
  { code: 'WEFT-ANL-37', severity: 'warning', find: localityIgnored },
  { code: 'WEFT-ANL-38', severity: 'warning', find: strictButPublished },
];

/** Workloads may be scaled to nothing on purpose: it is only worth a word. */
function selectsNothing({ key, service }: ServiceSubject, input: Input): readonly Problem[] {
  if (service?.selector === undefined || !knows(input, 'endpointslices')) return [];
  if (input.read(input.derived.members, key)?.hasEndpoints === true) return [];
  const labels = Object.entries(service.selector).map(([name, value]) => `${name}=${value}`);
  return [
    {
      path: 'spec.selector',
      message: `no pod of namespace ${service.namespace} has the labels ${labels.join(', ')}`,
      fix: `Compare with the labels of the pods: kubectl get pods -n ${service.namespace} --show-labels.`,
    },
  ];
}

/** The containers behind the Service; undefined where not all of its pods are known. */
function targetsOf({ key, service }: ServiceSubject, { read, derived }: Input) {
  if (service?.selector === undefined) return undefined;
  const workloads = (read(derived.members, key)?.workloads ?? []).map((workload) =>
    read(derived.workloads, workload),
  );
  const templates = workloads.flatMap((workload) => (workload === undefined ? [] : [workload.template]));
  return templates.length === 0 || templates.length < workloads.length ? undefined : templates;
}

function missingTargetName(subject: ServiceSubject, input: Input): readonly Problem[] {
  const templates = targetsOf(subject, input);
  if (templates === undefined) return [];
  return subject.facts.ports.flatMap(({ port, protocol, target }, index) => {
    if (typeof target === 'number' || protocol !== 'TCP') return [];
    const names = templates.flatMap(({ containers }) =>
      containers.flatMap(({ ports }) => ports.map(({ name }) => name)),
    );
    if (names.includes(target)) return [];
    const known = [...new Set(names.filter((name) => name !== ''))];
    return [
      {
        path: `spec.ports[${index}].targetPort`,
        message: `no container behind the Service has a port named ${target}, so port ${port} leads nowhere`,
        fix:
          known.length === 0
            ? `Name the port of the container ${target}, or write its number.`
            : `Write one of ${known.join(', ')}, or the number of the port.`,
      },
    ];
  });
}

/** Kubernetes does not need it to be declared: it may be right. A gateway listens on what its Gateway says. */
function undeclaredTarget(subject: ServiceSubject, input: Input): readonly Problem[] {
  const templates = targetsOf(subject, input);
  if (templates === undefined) return [];
  const declared = new Set(
    templates.flatMap(({ containers }) => containers.flatMap(({ ports }) => ports.map(({ port }) => port))),
  );
  if (declared.size === 0 || subject.service?.selector?.[gatewayNameLabel] !== undefined) return [];
  return subject.facts.ports.flatMap(({ protocol, target }, index) => {
    if (typeof target === 'string' || protocol !== 'TCP' || declared.has(target)) return [];
    return [
      {
        path: `spec.ports[${index}].targetPort`,
        message: `no container behind the Service declares port ${target}; they declare ${[...declared].join(', ')}`,
        fix: `Write the port that the application listens on, or add ${target} to the ports of its container.`,
      },
    ];
  });
}

function sharedAddress({ key, service }: ServiceSubject, { read, mesh }: Input): readonly Problem[] {
  return (service?.ports ?? []).flatMap(({ port }) => {
    const addresses = service?.addresses ?? [];
    const others = addresses.flatMap((address) =>
      (read(mesh.workings.frontends, destinationKey(address, port)) ?? [])
        .map(({ value }) => `${value.namespace}/${value.service}`)
        .filter((other) => other !== key),
    );
    if (others.length === 0) return [];
    return [
      {
        path: 'spec.clusterIP',
        message: `Service ${[...new Set(others)].join(', ')} has the same address and port ${port}; which of them a call means cannot be told`,
        fix: 'Leave spec.clusterIP out, so that Kubernetes chooses an address.',
      },
    ];
  });
}

function outsideMeshCIDRs({ service }: ServiceSubject, input: Input): readonly Problem[] {
  const ranges = settingsOf(input)?.meshCIDRs ?? [];
  const outside = (service?.addresses ?? []).filter(
    (address) => !ranges.some((range) => containsAddress(range, address)),
  );
  if (outside.length === 0 || ranges.length === 0) return [];
  return [
    {
      path: 'spec.clusterIP',
      message: `${outside.join(', ')} is in none of the ranges of the mesh (${ranges.join(', ')}), so calls to the Service bypass it`,
      fix: 'Add the range of Service addresses to spec.outbound.meshCIDRs of MeshConfig default, or leave meshCIDRs out.',
    },
  ];
}

/** In a rollout both kinds exist for a while within one workload: only whole workloads are compared. */
function partlyMeshed({ key }: ServiceSubject, { read, derived }: Input): readonly Problem[] {
  const members = (read(derived.members, key)?.workloads ?? []).flatMap(
    (workload) => read(derived.workloads, workload) ?? [],
  );
  const plain = members.filter(({ meshed, revisions }) => !meshed && revisions.length === 0);
  if (plain.length === 0 || plain.length === members.length) return [];
  const names = plain.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  return [
    {
      path: 'spec.selector',
      message: `${names} behind the Service is not in the mesh while others are: its share of the calls is neither encrypted nor authenticated`,
      fix: `Label the pods of ${names} weft.dev/inject: enabled and restart them, or select other pods.`,
    },
  ];
}

const isMeshed = ({ key }: ServiceSubject, { read, derived }: Input): boolean =>
  (read(derived.members, key)?.workloads ?? []).some(
    (workload) => read(derived.workloads, workload)?.meshed === true,
  );

function affinityIgnored(subject: ServiceSubject, input: Input): readonly Problem[] {
  const { sessionAffinity } = subject.facts;
  if (sessionAffinity === undefined || !isMeshed(subject, input)) return [];
  return [
    {
      path: 'spec.sessionAffinity',
      message: `clients in the mesh choose an endpoint for each request: ${sessionAffinity} holds for others only`,
      fix: 'Use sessionPersistence in an HTTPRoute or in an XBackendTrafficPolicy for the Service.',
    },
  ];
}

function localityIgnored(subject: ServiceSubject, input: Input): readonly Problem[] {
  const { internalTrafficPolicy } = subject.facts;
  if (internalTrafficPolicy === undefined || !isMeshed(subject, input)) return [];
  return [
    {
      path: 'spec.internalTrafficPolicy',
      message: `clients in the mesh call endpoints of all nodes: ${internalTrafficPolicy} holds for others only`,
      fix: 'Exclude the port at its clients with the annotation proxy.weft.dev/exclude-outbound-ports, or do without.',
    },
  ];
}

/** What comes from outside the cluster has no identity of the mesh. */
function strictButPublished(
  { key, facts }: ServiceSubject,
  { read, derived, mesh }: Input,
): readonly Problem[] {
  if (facts.type !== 'LoadBalancer' && facts.type !== 'NodePort') return [];
  const strict = (read(derived.members, key)?.workloads ?? []).filter(
    (workload) => read(mesh.workloads, workload)?.mtls.mode === 'Strict' && !workload.includes('/Gateway/'),
  );
  if (strict.length === 0) return [];
  return [
    {
      path: 'spec.type',
      message: `a Service of type ${facts.type} is called from outside the mesh, and ${strict.join(', ')} accepts mutual TLS of the mesh only`,
      fix: 'Let a Gateway take the calls from outside, or make the Service one of type ClusterIP.',
    },
  ];
}
