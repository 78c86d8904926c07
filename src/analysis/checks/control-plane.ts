/** The control plane's own pods. */

import type { Check } from '../check.ts';
import { type Input, situationOf, type WorkloadSubject } from '../input.ts';

export const controlPlaneChecks: readonly Check<WorkloadSubject>[] = [
  { code: 'WEFT-ANL-68', severity: 'warning', find: singleReplica },
];

function singleReplica({ key, namespace, kind, name }: WorkloadSubject, input: Input) {
  const { read, mesh } = input;
  if (namespace !== situationOf(input).controlPlaneNamespace || kind !== 'Deployment') return [];
  const running = (read(mesh.workings.podsByWorkload, key) ?? []).filter(
    ({ value }) => !value.terminating && value.labels['app.kubernetes.io/name'] === 'weft',
  );
  if (running.length !== 1) return [];
  return [
    {
      path: 'spec.replicas',
      message: `Deployment ${name} has one pod: while it is moved, no pod of the mesh can be made`,
      fix: 'Install with replicas: 2 or more (helm upgrade --set replicas=2).',
    },
  ];
}
