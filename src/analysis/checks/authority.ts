/** The certificate authority: its expiry, and whether its lifetimes fit together. */

import type { CertificateAuthority } from '../../base/api.ts';
import type { Check, Problem } from '../check.ts';
import { type Input, situationOf } from '../input.ts';
import type { AuthoritySubject } from '../subjects.ts';

export const authorityChecks: readonly Check<AuthoritySubject>[] = [
  { code: 'WEFT-ANL-120', severity: 'error', find: otherName },
  { code: 'WEFT-ANL-121', severity: 'error', find: expired },
  { code: 'WEFT-ANL-122', severity: 'warning', find: expiresSoon },
  { code: 'WEFT-ANL-123', severity: 'warning', find: closeLifetimes },
];

const dayMs = 86_400_000;
/** Rotating a root is planned work. */
const soonDays = 90;

function otherName({ key }: AuthoritySubject): readonly Problem[] {
  if (key === 'default') return [];
  return [
    {
      path: 'metadata.name',
      message: `only the CertificateAuthority named default counts; nothing of ${key} holds`,
      fix: 'Write its lifetimes into CertificateAuthority default, and delete this one.',
    },
  ];
}

function rootEndMs({ key, authority }: AuthoritySubject): number | undefined {
  const notAfter = key === 'default' ? authority.status?.root?.notAfter : undefined;
  return notAfter === undefined ? undefined : Date.parse(notAfter);
}

const dateOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

function expired(subject: AuthoritySubject, input: Input): readonly Problem[] {
  const end = rootEndMs(subject);
  if (end === undefined || end > situationOf(input).nowMs) return [];
  return [
    {
      path: 'status.root.notAfter',
      message: `the root expired on ${dateOf(end)}: proxies refuse each other`,
      fix: 'Follow docs/errors/WEFT-CA-07.md to make a new root, and restart the workloads of the mesh.',
    },
  ];
}

function expiresSoon(subject: AuthoritySubject, input: Input): readonly Problem[] {
  const end = rootEndMs(subject);
  const { nowMs } = situationOf(input);
  if (end === undefined || end <= nowMs || end > nowMs + soonDays * dayMs) return [];
  return [
    {
      path: 'status.root.notAfter',
      message: `the root, which everything in the mesh trusts, expires on ${dateOf(end)}`,
      fix: 'Plan the change of the root now; afterwards no proxy accepts another.',
    },
  ];
}

/** What signs has to outlive what is signed several times over, or it is renewed all the time. */
const leastRatio = 3;

function closeLifetimes({ key, authority }: AuthoritySubject): readonly Problem[] {
  if (key !== 'default') return [];
  // In files the schema's defaults are not filled in; those fit together.
  const { rootLifetime, intermediateLifetime, workloadLifetime }: Partial<CertificateAuthority['spec']> =
    authority.spec ?? {};
  const pairs = [
    {
      path: 'spec.intermediateLifetime',
      longer: intermediateLifetime,
      shorter: workloadLifetime,
      of: 'workloadLifetime',
    },
    {
      path: 'spec.rootLifetime',
      longer: rootLifetime,
      shorter: intermediateLifetime,
      of: 'intermediateLifetime',
    },
  ];
  return pairs.flatMap(({ path, longer, shorter, of }) => {
    if (longer === undefined || shorter === undefined) return [];
    if (hoursOf(longer) >= leastRatio * hoursOf(shorter)) return [];
    return [
      {
        path,
        message: `${longer} is less than ${leastRatio} times ${of} (${shorter}): certificates are cut short by the end of what signs them`,
        fix: `Set it to ${leastRatio} times ${of} or more.`,
      },
    ];
  });
}

/** `24h`, `1h30m`; the schema has checked it. */
function hoursOf(duration: string): number {
  const [, hours = '0', minutes = '0'] = /^(?:(\d+)h)?(?:(\d+)m)?/.exec(duration) ?? [];
  return Number(hours) + Number(minutes) / 60;
}
