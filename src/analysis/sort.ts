/** The order in which people read findings: the worst first, then by object and place. */

import type { Finding, Severity } from './types.ts';

/** The worst first. */
export const severities: readonly Severity[] = ['error', 'warning', 'info'];

export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  const keyed = findings.map((finding) => ({ finding, key: keyOf(finding) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ finding }) => finding);
}

function keyOf({ severity, object, path, code, message }: Finding): string {
  const { namespace = '', kind, name } = object;
  return [severities.indexOf(severity), namespace, kind, name, path, code, message].join('\u0000');
}

/** Tells findings apart, also of different runs. */
export function findingKey({ code, object, path, message }: Finding): string {
  return [code, object.kind, object.namespace ?? '', object.name, path, message].join('\u0000');
}

/** Those that are at least as severe. */
export function atLeast(findings: readonly Finding[], severity: Severity): readonly Finding[] {
  const most = severities.indexOf(severity);
  return findings.filter((finding) => severities.indexOf(finding.severity) <= most);
}
