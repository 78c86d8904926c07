/** Workloads as they are written, before there are pods: what injection will say of them. */

import type { Check } from '../check.ts';
import { type Input, podPath, type WorkloadSubject } from '../input.ts';

export const writtenChecks: readonly Check<WorkloadSubject>[] = [
  { code: 'WEFT-ANL-65', severity: 'error', find: (workload, input) => objections(workload, input, true) },
  { code: 'WEFT-ANL-66', severity: 'warning', find: (workload, input) => objections(workload, input, false) },
  { code: 'WEFT-ANL-67', severity: 'warning', find: misplaced },
];

function objections({ key, kind }: WorkloadSubject, { read, facts }: Input, isRefusal: boolean) {
  return (read(facts.written, key)?.objections ?? [])
    .filter(({ refused }) => refused === isRefusal)
    .map(({ path, code, message, remedy }) => ({
      path: path === '' ? '' : `${podPath(kind)}${path}`,
      message: `${isRefusal ? 'its pods are refused' : 'its pods may not come up'} (${code}): ${message.replace(/\.$/, '')}`,
      fix: remedy,
    }));
}

function misplaced({ key, kind, name }: WorkloadSubject, { read, facts }: Input) {
  return (read(facts.written, key)?.misplaced ?? []).map((path) => ({
    path,
    message: `${kind} ${name} has it on itself, where it says nothing: the pods are made from the template`,
    fix: `Move it to ${podPath(kind)}${path}.`,
  }));
}
