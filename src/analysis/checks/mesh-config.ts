/** MeshConfig: settings of the whole mesh that will surprise. */

import { coversRange } from '../../mesh/cidrs.ts';
import type { Check, Problem } from '../check.ts';
import type { Input } from '../input.ts';
import type { MeshConfigSubject } from '../subjects.ts';

export const meshConfigChecks: readonly Check<MeshConfigSubject>[] = [
  { code: 'WEFT-ANL-110', severity: 'error', find: otherName },
  { code: 'WEFT-ANL-111', severity: 'error', find: missingRanges },
  { code: 'WEFT-ANL-112', severity: 'warning', find: verboseLog },
  { code: 'WEFT-ANL-113', severity: 'warning', find: noMutualTLS },
  { code: 'WEFT-ANL-114', severity: 'info', find: permissive },
  { code: 'WEFT-ANL-115', severity: 'info', find: manyThreads },
  { code: 'WEFT-ANL-116', severity: 'warning', find: drainTooLong },
  { code: 'WEFT-ANL-117', severity: 'warning', find: littleMemory },
];

function otherName({ key }: MeshConfigSubject): readonly Problem[] {
  if (key === 'default') return [];
  return [
    {
      path: 'metadata.name',
      message: `only the MeshConfig named default counts; nothing of ${key} holds`,
      fix: 'Write its settings into MeshConfig default, and delete this one.',
    },
  ];
}

/** The settings that count, or nothing. */
function specOf({ key, config }: MeshConfigSubject) {
  return key === 'default' ? config.spec : undefined;
}

function missingRanges(subject: MeshConfigSubject, { read, derived }: Input): readonly Problem[] {
  const ranges = specOf(subject)?.outbound?.meshCIDRs;
  if (ranges === undefined) return [];
  const services = (read(derived.serviceCIDRs, 'all') ?? []).flatMap(({ value }) => value.cidrs);
  const missing = services.filter((cidr) => !coversRange(ranges, cidr));
  if (missing.length === 0) return [];
  return [
    {
      path: 'spec.outbound.meshCIDRs',
      message: `the range of Service addresses ${missing.join(', ')} is not among them, so calls to Services bypass the mesh`,
      fix: `Add ${missing.join(', ')}, or leave meshCIDRs out.`,
    },
  ];
}

function verboseLog(subject: MeshConfigSubject): readonly Problem[] {
  const level = specOf(subject)?.proxy?.logLevel;
  if (level !== 'trace' && level !== 'debug') return [];
  return [
    {
      path: 'spec.proxy.logLevel',
      message: `every proxy of the mesh writes several lines for each request (${level})`,
      fix: 'Set warning here, and the annotation proxy.weft.dev/log-level on the pods that you look into.',
    },
  ];
}

function noMutualTLS(subject: MeshConfigSubject): readonly Problem[] {
  if (specOf(subject)?.mtls?.mode !== 'Disabled') return [];
  return [
    {
      path: 'spec.mtls.mode',
      message: 'nothing in the mesh is encrypted or authenticated, unless a MutualTLSPolicy says so',
      fix: 'Set Permissive, and Disabled in a MutualTLSPolicy for the workloads that need it.',
    },
  ];
}

/** The right setting while workloads join; an invitation afterwards. */
function permissive(subject: MeshConfigSubject): readonly Problem[] {
  if (specOf(subject)?.mtls?.mode !== 'Permissive') return [];
  return [
    {
      path: 'spec.mtls.mode',
      message: 'workloads accept plain connections too, from whoever reaches them',
      fix: 'Set Strict once all callers are in the mesh, with a MutualTLSPolicy for the exceptions.',
    },
  ];
}

function manyThreads(subject: MeshConfigSubject): readonly Problem[] {
  const concurrency = specOf(subject)?.proxy?.concurrency ?? 1;
  if (concurrency <= 4) return [];
  return [
    {
      path: 'spec.proxy.concurrency',
      message: `each proxy runs ${concurrency} threads, each with connections and memory of its own`,
      fix: 'Set 1 or 2 here, and the annotation proxy.weft.dev/concurrency on the few workloads that need more.',
    },
  ];
}

/** Of pods that do not say otherwise. */
const defaultGraceSeconds = 30;

function drainTooLong(subject: MeshConfigSubject): readonly Problem[] {
  const seconds = specOf(subject)?.proxy?.drainSeconds ?? 0;
  if (seconds < defaultGraceSeconds) return [];
  return [
    {
      path: 'spec.proxy.drainSeconds',
      message: `pods are killed after ${defaultGraceSeconds} s where they do not say otherwise, before their proxy is done draining for ${seconds} s`,
      fix: 'Set a value well below 30, and the annotation proxy.weft.dev/drain-seconds on pods with a longer terminationGracePeriodSeconds.',
    },
  ];
}

/** A proxy of Weft's takes about 20 MB of its own and shares the program with its node. */
const leastMemoryBytes = 48 * 1024 * 1024;

function littleMemory(subject: MeshConfigSubject): readonly Problem[] {
  const limit = specOf(subject)?.proxy?.resources?.limits?.memory;
  const bytes = limit === undefined ? undefined : bytesOf(limit);
  if (bytes === undefined || bytes >= leastMemoryBytes) return [];
  return [
    {
      path: 'spec.proxy.resources.limits.memory',
      message: `a proxy that may use ${limit} is killed as soon as it has some work`,
      fix: 'Set 128Mi or more, or leave the limit out.',
    },
  ];
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

/** Of the ways to write a quantity those that people use for memory. */
function bytesOf(quantity: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kMG]i?|)$/.exec(quantity) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  return number === '' || factor === undefined ? undefined : Number(number) * factor;
}
