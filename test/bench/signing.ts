/**
 * Signing, in this one process and thread: answers to PodCertificateRequests (read the request, verify its signature,
 * decide, sign, write the status) and certificates for a bare public key whose owner has proven himself by other means.
 * The figure is that of the slower of the two.
 */

import { subjectOf } from '../../src/base/signals.ts';
import { formatIdentity } from '../../src/base/spiffe.ts';
import { Authority } from '../../src/ca/authority.ts';
import { generateKey, publicKeyDer } from '../../src/ca/material.ts';
import { answerPodCertificateRequest } from '../../src/ca/pod-certificate-request.ts';
import { readPublicKey } from '../../src/ca/request.ts';
import {
  certificateRequest,
  dayMs,
  podCertificateRequest,
  standingClock,
  testMaterial,
} from '../../src/ca/testing.ts';

/** Different keys, since OpenSSL remembers what it can about a key it has seen. */
const keyCount = 2_000;
const measuredMs = 3_000;
const rounds = 3;

export async function run(): Promise<Record<string, number>> {
  const clock = standingClock(Date.now());
  const authority = new Authority(testMaterial(clock), clock);
  const keys = Array.from({ length: keyCount }, generateKey);
  const requests = keys.map((key) => certificateRequest({ key }).toString('base64'));
  const publicKeys = keys.map(publicKeyDer);
  const context = {
    authority,
    trustDomain: 'cluster.local',
    lifetimeMs: dayMs,
    pod: { uid: 'p1', serviceAccount: 'web', workload: 'shop/Deployment/web', version: 'v1' },
    nowMs: clock.now(),
  };
  const template = podCertificateRequest();

  const answerRequest = (index: number): void => {
    const stubPKCS10Request = requests[index % keyCount] ?? '';
    const request = { ...template, spec: { ...template.spec, stubPKCS10Request } };
    const answer = answerPodCertificateRequest(request, context);
    if (answer.kind !== 'issue') throw new Error(`answered ${answer.kind}`);
    JSON.stringify({ ...request, status: answer.status });
  };
  const signKey = (index: number): void => {
    const publicKey = publicKeys[index % keyCount] ?? new Uint8Array();
    readPublicKey(publicKey);
    const identity = formatIdentity({
      trustDomain: 'cluster.local',
      namespace: 'shop',
      serviceAccount: 'web',
    });
    const subject = subjectOf('shop/Deployment/web', 'v1');
    authority.issueWorkload({ publicKey, identity, subject, lifetimeMs: dayMs });
  };

  let [byRequest, byKey] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    byRequest = Math.max(byRequest, ratePerSecond(answerRequest));
    byKey = Math.max(byKey, ratePerSecond(signKey));
  }
  console.log(`PodCertificateRequest ${byRequest.toFixed(0)}/s, public key ${byKey.toFixed(0)}/s`);
  return { certificatesPerSecond: Math.min(byRequest, byKey) };
}

/** The first of several rounds warms up; the best counts. */
function ratePerSecond(act: (index: number) => void): number {
  const startedAt = performance.now();
  let count = 0;
  while (performance.now() - startedAt < measuredMs) {
    for (let i = 0; i < 50; i++) act(count++);
  }
  return (count / (performance.now() - startedAt)) * 1000;
}
