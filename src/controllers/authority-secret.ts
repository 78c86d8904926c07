/** The Secret `weft-ca`: how the authority's material lies in it, and when its intermediate is due. Pure. */

import { managedBy } from '../base/names.ts';
import type { AuthorityMaterial } from '../ca/material.ts';
import type { Authority } from '../ca/authority.ts';
import type { Secret } from './objects.ts';

export const authoritySecretName = 'weft-ca';
export const authoritySecretType = 'weft.dev/certificate-authority';

const entries = {
  rootCertificate: 'root.crt',
  rootKey: 'root.key',
  intermediateCertificate: 'intermediate.crt',
  intermediateKey: 'intermediate.key',
} as const satisfies Record<keyof AuthorityMaterial, string>;

export function secretOfMaterial(material: AuthorityMaterial, namespace: string): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: authoritySecretName,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': managedBy },
    },
    type: authoritySecretType,
    data: dataOfMaterial(material),
  };
}

/** The same Secret with other material; its resourceVersion makes a concurrent writer lose. */
export function secretWithMaterial(secret: Secret, material: AuthorityMaterial): Secret {
  return { ...secret, data: { ...secret.data, ...dataOfMaterial(material) } };
}

function dataOfMaterial(material: AuthorityMaterial): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries).map(([part, entry]) => [
      entry,
      Buffer.from(material[part as keyof AuthorityMaterial]).toString('base64'),
    ]),
  );
}

/** What is there, complete or not; `loadMaterial` judges it. */
export function materialOfSecret(secret: Secret): Partial<AuthorityMaterial> {
  const material: Partial<Record<keyof AuthorityMaterial, string>> = {};
  for (const [part, entry] of Object.entries(entries)) {
    const text = secret.data?.[entry];
    if (text !== undefined)
      material[part as keyof AuthorityMaterial] = Buffer.from(text, 'base64').toString();
  }
  return material;
}

/**
 * Whether to replace the intermediate now: a third of its lifetime is left, and a new one would end later. The
 * second keeps the last intermediates of a root, which all end with it, from following one another ever faster.
 */
export function intermediateIsDue(authority: Authority, nowMs: number): boolean {
  const { notBeforeMs, notAfterMs } = authority.intermediate;
  return nowMs >= notAfterMs - (notAfterMs - notBeforeMs) / 3 && notAfterMs < authority.root.notAfterMs;
}
