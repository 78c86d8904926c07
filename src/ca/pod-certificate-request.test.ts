import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { Authority } from './authority.ts';
import { objectIdentifier, octetString, sequence, element, tag, context } from './der.ts';
import { generateKey } from './material.ts';
import {
  answerPodCertificateRequest,
  type AnswerContext,
  type PodCertificateRequest,
} from './pod-certificate-request.ts';
import {
  certificateRequest,
  dayMs,
  hourMs,
  otherCurveKey,
  podCertificateRequest,
  standingClock,
  testMaterial,
} from './testing.ts';
import { distinguishedName } from './x509.ts';

const clock = standingClock(Date.UTC(2026, 8, 1, 12, 0, 0, 250));
const material = testMaterial(clock);
const pod = { uid: 'p1', serviceAccount: 'web', workload: 'shop/Deployment/web', version: 'v1' };
const context1: AnswerContext = {
  authority: new Authority(material, clock),
  trustDomain: 'cluster.local',
  lifetimeMs: dayMs,
  pod,
  nowMs: clock.now(),
};
const base64 = (bytes: Buffer): string => bytes.toString('base64');

function answer(request: PodCertificateRequest, change: Partial<AnswerContext> = {}) {
  return answerPodCertificateRequest(request, { ...context1, ...change });
}

function issued(request: PodCertificateRequest, change: Partial<AnswerContext> = {}) {
  const result = answer(request, change);
  assert.equal(result.kind, 'issue', JSON.stringify(result));
  if (result.kind !== 'issue') throw new Error('unreachable');
  return result;
}

function denied(request: PodCertificateRequest, change: Partial<AnswerContext> = {}) {
  const result = answer(request, change);
  assert.equal(result.kind, 'deny', JSON.stringify(result));
  if (result.kind !== 'deny') throw new Error('unreachable');
  assert.deepEqual(Object.keys(result.status), ['conditions']);
  const [condition] = result.status.conditions ?? [];
  return { type: condition?.type, reason: condition?.reason, message: condition?.message ?? '' };
}

test('a request of the kubelet is answered with a certificate for namespace and service account', () => {
  const { identity, status } = issued(podCertificateRequest());
  assert.equal(identity, 'spiffe://cluster.local/ns/shop/sa/web');
  assert.equal(new X509Certificate(status.certificateChain ?? '').subjectAltName, `URI:${identity}`);
});

test('the status satisfies what the API server checks', () => {
  const { status } = issued(podCertificateRequest());
  const leaf = new X509Certificate(status.certificateChain ?? '');
  assert.equal(status.notBefore, '2026-09-01T11:59:00Z');
  assert.equal(status.notAfter, '2026-09-02T11:59:00Z');
  assert.equal(status.beginRefreshAt, '2026-09-02T03:59:00Z');
  assert.equal(leaf.validFromDate.getTime(), Date.parse(status.notBefore));
  assert.equal(leaf.validToDate.getTime(), Date.parse(status.notAfter));
  assert.deepEqual(status.conditions, [
    {
      type: 'Issued',
      status: 'True',
      reason: 'Issued',
      message: 'Issued to spiffe://cluster.local/ns/shop/sa/web.',
      lastTransitionTime: '2026-09-01T12:00:00Z',
    },
  ]);
});

test('a pod may ask for a shorter life, not for a longer one, and never gets less than an hour', () => {
  const cases: readonly (readonly [number, number, number])[] = [
    [7200, dayMs, 2 * hourMs],
    [7_862_400, dayMs, dayMs],
    [3600, dayMs, hourMs],
    [86_400, hourMs / 2, hourMs],
  ];
  for (const [maxExpirationSeconds, lifetimeMs, expectedMs] of cases) {
    const { leaf } = issued(podCertificateRequest({ maxExpirationSeconds }), { lifetimeMs });
    assert.equal(leaf.notAfterMs - leaf.notBeforeMs, expectedMs);
  }
});

test('the refresh begins at two thirds and stays ten minutes from both ends', () => {
  const { leaf, status } = issued(podCertificateRequest({ maxExpirationSeconds: 3600 }));
  const refreshMs = Date.parse(status.beginRefreshAt ?? '');
  assert.equal(refreshMs - leaf.notBeforeMs, hourMs * (2 / 3));
  assert.ok(leaf.notAfterMs - refreshMs >= 600_000);
});

test('a forged subject is denied with its code, and nothing is signed', () => {
  const subject = distinguishedName('system:masters', 'admin');
  const stubPKCS10Request = base64(certificateRequest({ subject }));
  const { type, reason, message } = denied(podCertificateRequest({ stubPKCS10Request }));
  assert.deepEqual([type, reason], ['Denied', 'SubjectNotAllowed']);
  assert.match(message, /^WEFT-CA-03: spec\.stubPKCS10Request: /);
});

test('a forged name among the requested extensions is ignored: the certificate carries the real identity', () => {
  const uri = Buffer.from('spiffe://cluster.local/ns/kube-system/sa/admin');
  const names = octetString(sequence(element(context(6, false), uri)));
  const extensions = sequence(sequence(objectIdentifier('2.5.29.17'), names));
  const extensionRequest = sequence(objectIdentifier('1.2.840.113549.1.9.14'), element(tag.set, extensions));
  const stubPKCS10Request = base64(certificateRequest({ attributes: [extensionRequest] }));
  const { status } = issued(podCertificateRequest({ stubPKCS10Request }));
  const leaf = new X509Certificate(status.certificateChain ?? '');
  assert.equal(leaf.subjectAltName, 'URI:spiffe://cluster.local/ns/shop/sa/web');
  assert.ok(!leaf.raw.includes('admin'));
});

test('what can never become right is denied with a reason of its own', () => {
  const stranger = certificateRequest({ signer: generateKey() });
  const cases: readonly (readonly [string, Partial<PodCertificateRequest['spec']>, string, string])[] = [
    ['no request', { stubPKCS10Request: '' }, 'InvalidRequest', 'WEFT-CA-02'],
    ['garbage', { stubPKCS10Request: base64(Buffer.from('hello')) }, 'InvalidRequest', 'WEFT-CA-02'],
    ['no proof of possession', { stubPKCS10Request: base64(stranger) }, 'InvalidRequest', 'WEFT-CA-02'],
    [
      'another kind of key',
      { stubPKCS10Request: base64(certificateRequest({ key: otherCurveKey() })) },
      'UnsupportedKeyType',
      'WEFT-CA-04',
    ],
    [
      'annotations',
      { unverifiedUserAnnotations: { 'weft.dev/x': '1' } },
      'InvalidUnverifiedUserAnnotations',
      'WEFT-CA-05',
    ],
    ["another's service account", { serviceAccountName: 'admin' }, 'ServiceAccountMismatch', 'WEFT-CA-06'],
  ];
  for (const [name, spec, reason, code] of cases) {
    const result = denied(podCertificateRequest(spec));
    assert.equal(result.reason, reason, name);
    assert.ok(result.message.startsWith(`${code}: `), name);
  }
});

test('what may pass is waited for, as a denial would be final', () => {
  const atEnd = standingClock(context1.authority.intermediate.notAfterMs - hourMs / 2);
  const expired = standingClock(context1.authority.intermediate.notAfterMs + 1);
  const cases: readonly (readonly [string, Partial<AnswerContext>])[] = [
    ['the pod is not known yet', { pod: undefined }],
    ['the pod was replaced', { pod: { ...pod, uid: 'p2' } }],
    ['the intermediate is about to end', { authority: new Authority(material, atEnd) }],
    ['the intermediate has ended', { authority: new Authority(material, expired) }],
  ];
  for (const [name, change] of cases)
    assert.equal(answer(podCertificateRequest(), change).kind, 'wait', name);
});

test('does nothing for other signers and for what has been answered', () => {
  assert.equal(answer(podCertificateRequest({ signerName: 'example.com/other' })).kind, 'ignore');
  const { status } = issued(podCertificateRequest());
  assert.equal(answer({ ...podCertificateRequest(), status }).kind, 'ignore');
});
