/** Workloads: what in their pods keeps the mesh from doing what it is there for. */

import { containsAddress } from '../../mesh/cidrs.ts';
import type { Check, Problem } from '../check.ts';
import { type Input, isMeshedNamespace, podPath, settingsOf, type WorkloadSubject } from '../input.ts';

export const workloadChecks: readonly Check<WorkloadSubject>[] = [
  { code: 'WEFT-ANL-50', severity: 'warning', find: hostNetwork },
  { code: 'WEFT-ANL-51', severity: 'info', find: notReadyProbed },
  { code: 'WEFT-ANL-52', severity: 'error', find: listensOnLoopback },
  { code: 'WEFT-ANL-53', severity: 'warning', find: graceTooShort },
  { code: 'WEFT-ANL-54', severity: 'warning', find: bypassesStrict },
  { code: 'WEFT-ANL-55', severity: 'warning', find: bypassesEverything },
  { code: 'WEFT-ANL-56', severity: 'warning', find: misplacedLabel },
  { code: 'WEFT-ANL-57', severity: 'warning', find: twoMeshes },
  { code: 'WEFT-ANL-58', severity: 'info', find: defaultServiceAccount },
  { code: 'WEFT-ANL-59', severity: 'error', find: addressesOutside },
];

/** By label of the pod, else of the namespace. */
export function isAsked({ namespace, template }: WorkloadSubject, input: Input): boolean {
  return template.inject === undefined ? isMeshedNamespace(input, namespace) : template.inject === 'enabled';
}

function hostNetwork(workload: WorkloadSubject, input: Input): readonly Problem[] {
  const { template, kind, name, namespace } = workload;
  if (!template.hostNetwork || template.inject === 'disabled' || !isAsked(workload, input)) return [];
  return [
    {
      path: `${podPath(kind)}spec.hostNetwork`,
      message: `pods of ${kind} ${name} use the network of their node, so they stay out of the mesh although namespace ${namespace} is in it`,
      fix: 'Remove hostNetwork, or label the pod template weft.dev/inject: disabled to say that it is meant.',
    },
  ];
}

/** Services that lead to the workload, with the numbers of its ports that they use. */
function usedPorts({ key }: WorkloadSubject, { read, derived }: Input): ReadonlyMap<number, string> {
  const used = new Map<number, string>();
  for (const { key: service, value } of read(derived.servicesByWorkload, key) ?? []) {
    for (const port of Object.values(value.ports).flat()) used.set(port, service);
  }
  return used;
}

function notReadyProbed(workload: WorkloadSubject, input: Input): readonly Problem[] {
  const { template, meshed, kind } = workload;
  const used = usedPorts(workload, input);
  if (!meshed || used.size === 0) return [];
  const serving = template.containers.filter(({ ports }) => ports.some(({ port }) => used.has(port)));
  return serving
    .filter(({ hasReadinessProbe }) => !hasReadinessProbe)
    .map(({ index, name, ports }) => ({
      path: `${podPath(kind)}spec.containers[${index}]`,
      message: `container ${name} serves ${[...new Set(ports.flatMap(({ port }) => used.get(port) ?? []))].join(', ')} without a readinessProbe, so it is called as soon as it has started`,
      fix: 'Add a readinessProbe that succeeds once the application answers.',
    }));
}

/** The proxy hands over what comes in at the address of the pod, as it would come without a mesh. */
function listensOnLoopback(workload: WorkloadSubject, input: Input): readonly Problem[] {
  const used = usedPorts(workload, input);
  return workload.template.containers.flatMap(({ index, name, loopback }) =>
    loopback
      .filter(({ port }) => used.has(port))
      .map(({ port, path }) => ({
        path: `${podPath(workload.kind)}spec.containers[${index}].${path}`,
        message: `container ${name} listens on port ${port} of the loopback address only, where Service ${used.get(port)} cannot reach it`,
        fix: `Listen on 0.0.0.0:${port} (or [::]:${port}).`,
      })),
  );
}

const defaultGraceSeconds = 30;

function drainSecondsOf({ template }: WorkloadSubject, input: Input): number {
  const own = Number(template.settings['drain-seconds']);
  return Number.isInteger(own) ? own : (settingsOf(input)?.proxy.drainSeconds ?? 0);
}

/** With the default period the mesh's own setting is at fault, of which MeshConfig is told. */
function graceTooShort(workload: WorkloadSubject, input: Input): readonly Problem[] {
  const { template, kind, name, meshed } = workload;
  const drain = drainSecondsOf(workload, input);
  const isOwn =
    template.graceSeconds !== defaultGraceSeconds || template.settings['drain-seconds'] !== undefined;
  if (!meshed || !isOwn || drain === 0 || template.graceSeconds > drain) return [];
  return [
    {
      path: `${podPath(kind)}spec.terminationGracePeriodSeconds`,
      message: `pods of ${kind} ${name} are killed after ${template.graceSeconds} s, before their proxy has asked its callers to leave for ${drain} s`,
      fix: `Set terminationGracePeriodSeconds to ${drain * 2} or more, or lower the annotation proxy.weft.dev/drain-seconds.`,
    },
  ];
}

const numbersIn = (text: string | undefined): readonly number[] =>
  (text ?? '')
    .split(',')
    .map((each) => Number(each.trim()))
    .filter((port) => Number.isInteger(port) && port > 0);

const annotation = (kind: string, setting: string): string =>
  `${podPath(kind)}metadata.annotations[proxy.weft.dev/${setting}]`;

function bypassesStrict(workload: WorkloadSubject, input: Input): readonly Problem[] {
  const { key, template, kind } = workload;
  const excluded = numbersIn(template.settings['exclude-inbound-ports']);
  if (input.read(input.mesh.workloads, key)?.mtls.mode !== 'Strict' || excluded.length === 0) return [];
  const used = usedPorts(workload, input);
  const open = excluded.filter((port) => used.has(port));
  if (open.length === 0) return [];
  return [
    {
      path: annotation(kind, 'exclude-inbound-ports'),
      message: `mutual TLS is Strict, and port ${open.join(', ')}, to which Service ${used.get(open[0] ?? 0)} leads, is open to everybody past the proxy`,
      fix: 'Remove the port from the annotation; probes of the kubelet pass the proxy in any case.',
    },
  ];
}

const everything: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0']);

/** Excluding all addresses takes every Service along. */
function bypassesEverything({ template, kind, meshed }: WorkloadSubject): readonly Problem[] {
  const ranges = (template.settings['exclude-outbound-cidrs'] ?? '').split(',').map((range) => range.trim());
  const wide = ranges.filter((range) => everything.has(range));
  if (!meshed || wide.length === 0) return [];
  return [
    {
      path: annotation(kind, 'exclude-outbound-cidrs'),
      message: `connections to ${wide.join(', ')} go past the proxy, and with them those to Services: neither routes nor mutual TLS hold for them`,
      fix: 'Name only ranges outside the cluster.',
    },
  ];
}

function misplacedLabel({ template, kind, meshed }: WorkloadSubject): readonly Problem[] {
  if (!template.misplacedInject || template.inject !== undefined) return [];
  return [
    {
      path: `${podPath(kind)}metadata.annotations[weft.dev/inject]`,
      message: `weft.dev/inject is written as an annotation, which nobody reads; the pods ${meshed ? 'have' : 'have no'} proxy because of their namespace`,
      fix: 'Write it under metadata.labels of the pod template.',
    },
  ];
}

function twoMeshes(workload: WorkloadSubject, input: Input): readonly Problem[] {
  const { template, kind, name } = workload;
  if (template.otherMesh === undefined || template.inject === 'disabled') return [];
  if (!workload.meshed && !isAsked(workload, input)) return [];
  return [
    {
      path: `${podPath(kind)}metadata`,
      message: `pods of ${kind} ${name} are to have the proxy of ${template.otherMesh} as well; two proxies redirect each other's connections`,
      fix: `Switch off the injection of ${template.otherMesh} for these pods, or label them weft.dev/inject: disabled.`,
    },
  ];
}

/** All workloads without one of their own have one identity: no policy can tell them apart. */
function defaultServiceAccount({
  serviceAccount,
  meshed,
  kind,
  namespace,
}: WorkloadSubject): readonly Problem[] {
  if (!meshed || serviceAccount !== 'default') return [];
  return [
    {
      path: `${podPath(kind)}spec.serviceAccountName`,
      message: `it runs as ServiceAccount default of namespace ${namespace}, and has the same identity as everything else that does`,
      fix: 'Give the workload a ServiceAccount of its own.',
    },
  ];
}

function addressesOutside({ addresses, meshed }: WorkloadSubject, input: Input): readonly Problem[] {
  const ranges = settingsOf(input)?.meshCIDRs ?? [];
  const outside = addresses.filter((address) => !ranges.some((range) => containsAddress(range, address)));
  if (!meshed || ranges.length === 0 || outside.length === 0) return [];
  return [
    {
      path: '',
      message: `its pods have addresses (${outside.slice(0, 3).join(', ')}) that are in none of the ranges of the mesh, so calls to the pods themselves bypass it`,
      fix: 'Add the range of pod addresses to spec.outbound.meshCIDRs of MeshConfig default.',
    },
  ];
}
