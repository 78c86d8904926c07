/** Whether pods have the proxy that they should have by now. What a pod has, it keeps until it is made anew. */

import type { Check, Problem } from '../check.ts';
import { type Input, situationOf, type WorkloadSubject } from '../input.ts';
import { isAsked } from './workloads.ts';

export const proxyChecks: readonly Check<WorkloadSubject>[] = [
  { code: 'WEFT-ANL-60', severity: 'warning', find: withoutProxy },
  { code: 'WEFT-ANL-61', severity: 'warning', find: otherVersion },
  { code: 'WEFT-ANL-62', severity: 'info', find: olderSettings },
];

const restartable: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

function restart({ kind, name, namespace }: WorkloadSubject): string {
  return restartable.has(kind)
    ? `Run kubectl rollout restart -n ${namespace} ${kind.toLowerCase()}/${name}.`
    : `Make the pods of ${kind} ${name} anew.`;
}

/** Made before the label was there, or while the webhook was not asked. */
function withoutProxy(workload: WorkloadSubject, input: Input): readonly Problem[] {
  const { template, plainPods, namespace } = workload;
  if (plainPods.length === 0 || template.hostNetwork || template.windows || !isAsked(workload, input))
    return [];
  if (isNeverInjected(namespace, input) || isRefused(workload, input)) return [];
  return [
    {
      path: '',
      message: `the pods are to be in the mesh, and ${plainPods.join(', ')} has no proxy: it was made before that was asked for`,
      fix: restart(workload),
    },
  ];
}

const systemNamespaces: ReadonlySet<string> = new Set(['kube-system', 'kube-node-lease', 'kube-public']);

/** Of those another check tells, of the namespace. */
export function isNeverInjected(namespace: string, input: Input): boolean {
  return systemNamespaces.has(namespace) || namespace === situationOf(input).controlPlaneNamespace;
}

const isRefused = ({ key }: WorkloadSubject, { read, facts }: Input): boolean =>
  read(facts.written, key)?.objections.some(({ refused }) => refused) === true;

function otherVersion(workload: WorkloadSubject, input: Input): readonly Problem[] {
  const current = situationOf(input).proxy?.version;
  const others = workload.revisions.filter(({ version }) => version !== current);
  if (current === undefined || others.length === 0) return [];
  return [
    {
      path: '',
      message: `${others.map(({ pod, version }) => `pod ${pod} has the proxy of Weft ${version}`).join(', ')}, and the control plane is ${current}`,
      fix: restart(workload),
    },
  ];
}

function olderSettings(workload: WorkloadSubject, input: Input): readonly Problem[] {
  const current = situationOf(input).proxy;
  const others = workload.revisions.filter(
    ({ version, settings }) => version === current?.version && settings !== current.settings,
  );
  if (others.length === 0) return [];
  return [
    {
      path: '',
      message: `${others.map(({ pod }) => pod).join(', ')} has a proxy with settings from before MeshConfig was changed`,
      fix: restart(workload),
    },
  ];
}
