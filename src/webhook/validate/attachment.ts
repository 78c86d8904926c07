/** What is wrong with saying which workloads a policy is for: targets that repeat, labels that cannot exist. */

import type { Check, Finding } from './policy.ts';

interface Attached {
  readonly spec: {
    readonly targetRefs?: readonly { readonly group: string; readonly kind: string; readonly name: string }[];
    readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
  };
}

export const attachmentChecks: readonly Check<Attached>[] = [
  { outcome: 'refuse', find: ({ object }) => repeatedTargets(object) },
  { outcome: 'refuse', find: ({ object }) => impossibleLabels(object) },
];

function repeatedTargets(object: Attached | undefined): Finding[] {
  const seen = new Set<string>();
  return (object?.spec.targetRefs ?? []).flatMap(({ group, kind, name }, index) => {
    const key = `${group}/${kind}/${name}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [
      {
        code: 'WEFT-VAL-10',
        message: `${kind} ${name} is named before.`,
        field: `spec.targetRefs[${index}]`,
      },
    ];
  });
}

const name = '[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?';
const labelKey = new RegExp(`^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?${name}$`);
const labelValue = new RegExp(`^(${name})?$`);

function impossibleLabels(object: Attached | undefined): Finding[] {
  return Object.entries(object?.spec.selector?.matchLabels ?? {}).flatMap(([key, value]) => {
    const wrong = labelKey.test(key) ? (labelValue.test(value) ? undefined : 'value') : 'key';
    if (wrong === undefined) return [];
    const text = JSON.stringify(wrong === 'key' ? key : value);
    const field = `spec.selector.matchLabels[${key}]`;
    return [{ code: 'WEFT-VAL-11', message: `${text} is not a possible label ${wrong}.`, field }];
  });
}
