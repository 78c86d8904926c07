/** Which namespaces are meant where Gateway API says `from: All | Same | Selector | None`. */

import type { LabelSelector } from '../kubernetes.ts';
import type { KubeNamespaces } from '../kubernetes-gateways.ts';
import type { AllowedNamespaces } from './attachable.ts';

/** `own` is the namespace that `Same` means; `fallback` is what holds where nothing is written. */
export function readNamespaces(
  namespaces: KubeNamespaces | undefined,
  own: string,
  fallback: 'Same' | 'None',
): AllowedNamespaces {
  const { from = fallback, selector } = namespaces ?? {};
  if (from === 'All') return { from: 'All' };
  if (from === 'Same') return { from: 'Only', namespace: own };
  // Without its selector it selects nothing rather than everything.
  if (from === 'Selector' && selector !== undefined) return { from: 'Selector', selector };
  return { from: 'None' };
}

export function isAllowed(
  allowed: AllowedNamespaces,
  namespace: string,
  labelsOf: (namespace: string) => Readonly<Record<string, string>> | undefined,
): boolean {
  if (allowed.from === 'All') return true;
  if (allowed.from === 'Only') return allowed.namespace === namespace;
  if (allowed.from === 'None') return false;
  return isSelected(labelsOf(namespace) ?? {}, allowed.selector);
}

/** As Kubernetes defines label selectors; an operator that is not known selects nothing. */
export function isSelected(labels: Readonly<Record<string, string>>, selector: LabelSelector): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  if (!Object.entries(matchLabels).every(([name, value]) => labelOf(labels, name) === value)) return false;
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labelOf(labels, key);
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    return false;
  });
}

/** Of those that somebody wrote: every object has a `constructor`. */
function labelOf(labels: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
