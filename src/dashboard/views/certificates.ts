/** `certificates`: those of the mesh, from the root to each workload's, and until when they are valid. */

import { formatIdentity } from '../../base/spiffe.ts';
import type { Scope } from '../access.ts';
import { hasProxy } from './proxies.ts';
import { isWanted } from './refs.ts';
import type { CertificateView } from './types.ts';
import type { World } from './world.ts';

export interface AuthorityCertificate {
  /** Hexadecimal. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface AuthorityDates {
  readonly root: AuthorityCertificate;
  readonly intermediate: AuthorityCertificate;
}

export interface ControlPlane {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** Those of the authority are no secret of any namespace: whoever may see any certificate sees by whom it was signed. */
export function listCertificates(
  world: World,
  authority: AuthorityDates | undefined,
  controlPlane: ControlPlane,
  scope: Scope,
): readonly CertificateView[] {
  const authorities = (['root', 'intermediate'] as const).flatMap((kind): readonly CertificateView[] => {
    const found = authority?.[kind];
    if (found === undefined) return [];
    const { serial, notBeforeMs, notAfterMs } = found;
    const object = { kind: 'CertificateAuthority', name: 'default' };
    return [{ kind, object, identity: '', notBeforeMs, notAfterMs, serial }];
  });
  return [...authorities, ...servingOf(world, controlPlane, scope), ...workloadsOf(world, scope)];
}

function servingOf(
  { reports, mesh }: World,
  { namespace, serviceAccount }: ControlPlane,
  scope: Scope,
): readonly CertificateView[] {
  if (!isWanted(namespace, scope)) return [];
  const trustDomain = mesh.settings.get('default')?.trustDomain ?? '';
  const identity = formatIdentity({ trustDomain, namespace, serviceAccount });
  return reports
    .map(({ replica, answer }): CertificateView => {
      const { serial, notAfterMs } = answer.serving;
      return {
        kind: 'serving',
        object: { kind: 'Pod', namespace, name: replica },
        identity,
        notAfterMs,
        serial,
      };
    })
    .sort((a, b) => (a.object.name < b.object.name ? -1 : 1));
}

function workloadsOf({ mesh, connected }: World, scope: Scope): readonly CertificateView[] {
  const trustDomain = mesh.settings.get('default')?.trustDomain ?? '';
  const views: CertificateView[] = [];
  for (const [key, pod] of mesh.pods.entries()) {
    const { namespace, name, serviceAccount } = pod;
    if (!hasProxy(pod) || !isWanted(namespace, scope)) continue;
    const certificate = connected.get(key)?.certificate;
    views.push({
      kind: 'workload',
      object: { kind: 'Pod', namespace, name },
      identity: formatIdentity({ trustDomain, namespace, serviceAccount }),
      ...(certificate === undefined
        ? {}
        : { notBeforeMs: certificate.notBeforeMs, notAfterMs: certificate.notAfterMs }),
    });
  }
  return views.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf({ object }: CertificateView): string {
  return `${object.namespace ?? ''}/${object.name}`;
}
