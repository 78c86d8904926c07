/** Namespaces: whether what they say about injection is heard. */

import { injectLabel } from '../../base/names.ts';
import type { Check, Problem } from '../check.ts';
import type { Input } from '../input.ts';
import type { NamespaceSubject } from '../subjects.ts';
import { isNeverInjected } from './proxies.ts';

export const namespaceChecks: readonly Check<NamespaceSubject>[] = [
  { code: 'WEFT-ANL-70', severity: 'error', find: unknownValue },
  { code: 'WEFT-ANL-71', severity: 'warning', find: annotationInstead },
  { code: 'WEFT-ANL-72', severity: 'warning', find: neverInjected },
  { code: 'WEFT-ANL-73', severity: 'warning', find: twoMeshes },
  { code: 'WEFT-ANL-74', severity: 'warning', find: settingsOfPods },
];

function unknownValue({ key, labels }: NamespaceSubject): readonly Problem[] {
  const value = labels[injectLabel];
  if (value === undefined || value === 'enabled' || value === 'disabled') return [];
  return [
    {
      path: `metadata.labels[${injectLabel}]`,
      message: `${JSON.stringify(value)} means nothing, so pods of namespace ${key} get no proxy`,
      fix: 'Write enabled or disabled.',
    },
  ];
}

function annotationInstead({ key, labels, facts }: NamespaceSubject): readonly Problem[] {
  if (facts?.misplacedInject !== true || labels[injectLabel] !== undefined) return [];
  return [
    {
      path: `metadata.annotations[${injectLabel}]`,
      message: 'weft.dev/inject is written as an annotation, which nobody reads',
      fix: `Run kubectl label namespace ${key} ${injectLabel}=enabled.`,
    },
  ];
}

function neverInjected({ key, labels }: NamespaceSubject, input: Input): readonly Problem[] {
  if (labels[injectLabel] !== 'enabled' || !isNeverInjected(key, input)) return [];
  return [
    {
      path: `metadata.labels[${injectLabel}]`,
      message: `pods of ${key} never get a proxy: the cluster and the mesh itself start with them`,
      fix: `Remove the label, and run workloads of the mesh elsewhere: kubectl label namespace ${key} ${injectLabel}-.`,
    },
  ];
}

const labelsOfOthers: readonly { readonly mesh: string; readonly label: string; readonly value?: string }[] =
  [
    { mesh: 'Istio', label: 'istio-injection', value: 'enabled' },
    { mesh: 'Istio', label: 'istio.io/rev' },
    { mesh: 'Kuma', label: 'kuma.io/sidecar-injection', value: 'enabled' },
    { mesh: 'Open Service Mesh', label: 'openservicemesh.io/monitored-by' },
  ];

function twoMeshes({ key, labels }: NamespaceSubject): readonly Problem[] {
  if (labels[injectLabel] !== 'enabled') return [];
  const other = labelsOfOthers.find(({ label, value }) => {
    const found = labels[label];
    return found !== undefined && (value ?? found) === found;
  });
  if (other === undefined) return [];
  return [
    {
      path: `metadata.labels[${other.label}]`,
      message: `pods of namespace ${key} are to have the proxy of ${other.mesh} as well; two proxies redirect each other's connections`,
      fix: `Leave one of the two: kubectl label namespace ${key} ${other.label}-.`,
    },
  ];
}

function settingsOfPods({ facts }: NamespaceSubject): readonly Problem[] {
  return (facts?.misplacedSettings ?? []).map((name) => ({
    path: `metadata.annotations[${name}]`,
    message: `${name} holds for a pod that has it, not for a namespace`,
    fix: 'Write it on the pod templates, or set the default for all in spec.proxy of MeshConfig default.',
  }));
}
