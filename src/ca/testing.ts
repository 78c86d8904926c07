/** For this room's tests and its neighbours': a clock that stands still, an authority, and requests good and bad. */

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { signerName } from '../base/names.ts';
import {
  bitString,
  context,
  decode,
  type Element,
  element,
  encode,
  positiveInteger,
  sequence,
} from './der.ts';
import { type AuthorityMaterial, createAuthorityMaterial, generateKey, publicKeyDer } from './material.ts';
import type { PodCertificateRequest } from './pod-certificate-request.ts';
import { ecdsaWithSha256, emptyName } from './x509.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export function standingClock(nowMs = Date.UTC(2026, 8, 1, 12, 0, 0, 250)): Clock {
  return { now: () => nowMs, monotonic: () => nowMs, after: () => () => {} };
}

export function testMaterial(
  clock: Clock = standingClock(),
  intermediateLifetimeMs = 365 * dayMs,
): AuthorityMaterial {
  return createAuthorityMaterial({
    trustDomain: 'cluster.local',
    rootLifetimeMs: 3650 * dayMs,
    intermediateLifetimeMs,
    clock,
  });
}

/** A request as the kubelet makes it, or with a subject, a stranger's signature, or attributes. */
export function certificateRequest(
  options: {
    readonly key?: KeyObject;
    readonly signer?: KeyObject;
    readonly subject?: Element;
    readonly attributes?: readonly Element[];
  } = {},
): Buffer {
  const key = options.key ?? generateKey();
  const info = sequence(
    positiveInteger(Uint8Array.of(0)),
    options.subject ?? emptyName,
    decode(publicKeyDer(key)),
    element(context(0, true), ...(options.attributes ?? [])),
  );
  const signature = sign('sha256', encode(info), options.signer ?? key);
  return encode(sequence(info, ecdsaWithSha256, bitString(signature)));
}

export function podCertificateRequest(
  spec: Partial<PodCertificateRequest['spec']> = {},
): PodCertificateRequest {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'PodCertificateRequest',
    metadata: { name: 'req-1', namespace: 'shop', uid: 'r1', resourceVersion: '7' },
    spec: {
      signerName,
      podName: 'web-0',
      podUID: 'p1',
      serviceAccountName: 'web',
      maxExpirationSeconds: 86_400,
      stubPKCS10Request: certificateRequest().toString('base64'),
      ...spec,
    },
  };
}

/** A P-384 key with which a request is made that is right in everything but its kind. */
export function otherCurveKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
}

/** Runs openssl in a directory that holds `files`, and answers what it printed. */
export function openssl(
  files: Readonly<Record<string, string | Uint8Array>>,
  args: readonly string[],
): string {
  const directory = mkdtempSync(join(tmpdir(), 'weft-ca-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    return execFileSync('openssl', args, { cwd: directory, encoding: 'utf8' });
  } finally {
    rmSync(directory, { recursive: true });
  }
}
