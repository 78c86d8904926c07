import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodCertificateRequest } from '../ca/pod-certificate-request.ts';
import { podCertificateRequest } from '../ca/testing.ts';
import { PodCertificates } from './pod-certificates.ts';
import { projectRequest } from './signer.ts';
import { newGraph, settle } from './testing.ts';

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 8, 1, 12);
const dates = (fromMs: number) => ({ notBeforeMs: fromMs, notAfterMs: fromMs + 24 * hourMs });

function setUp() {
  const graph = newGraph();
  const pods = graph.source<{ readonly uid: string }>('pods');
  const requests = graph.source<PodCertificateRequest>('podcertificaterequests');
  const certificates = new PodCertificates({ pods, requests });
  /** As the watch tells of a request that was answered. */
  const issue = (fromMs: number, podUID = 'p1'): void => {
    const { notBeforeMs, notAfterMs } = dates(fromMs);
    const request = projectRequest({
      ...podCertificateRequest({ podName: 'web-0', podUID }),
      status: {
        conditions: [{ type: 'Issued', status: 'True', reason: 'Issued', message: '' }],
        notBefore: new Date(notBeforeMs).toISOString(),
        notAfter: new Date(notAfterMs).toISOString(),
      },
    });
    assert.ok(request);
    requests.set('shop/req-1', request);
  };
  return { certificates, issue, pods, requests };
}

test('the certificate that a proxy connects with is known', async () => {
  const { certificates, pods } = setUp();
  pods.set('shop/web-0', { uid: 'p1' });
  await settle();
  certificates.presented('shop/web-0', 'p1', dates(startMs));
  assert.deepEqual(certificates.get('shop/web-0'), dates(startMs));
  assert.equal(certificates.get('shop/web-1'), undefined);
});

test('a newer one that was issued since takes its place, and outlives its request', async () => {
  const { certificates, issue, pods, requests } = setUp();
  pods.set('shop/web-0', { uid: 'p1' });
  await settle();
  certificates.presented('shop/web-0', 'p1', dates(startMs));
  issue(startMs + 8 * hourMs);
  await settle();
  requests.delete('shop/req-1');
  await settle();
  assert.deepEqual(certificates.get('shop/web-0'), dates(startMs + 8 * hourMs));
});

test('a connection that was opened with an older one changes nothing', async () => {
  const { certificates, pods } = setUp();
  pods.set('shop/web-0', { uid: 'p1' });
  await settle();
  certificates.presented('shop/web-0', 'p1', dates(startMs + hourMs));
  certificates.presented('shop/web-0', 'p1', dates(startMs));
  assert.deepEqual(certificates.get('shop/web-0'), dates(startMs + hourMs));
});

test('a request that nobody has answered says nothing', async () => {
  const { certificates, pods, requests } = setUp();
  pods.set('shop/web-0', { uid: 'p1' });
  requests.set('shop/req-1', podCertificateRequest({ podName: 'web-0', podUID: 'p1' }));
  await settle();
  assert.equal(certificates.get('shop/web-0'), undefined);
});

test('with its pod a certificate is forgotten, also where another of that name follows', async () => {
  const { certificates, pods } = setUp();
  for (const next of [undefined, { uid: 'p2' }]) {
    pods.set('shop/web-0', { uid: 'p1' });
    await settle();
    certificates.presented('shop/web-0', 'p1', dates(startMs));
    if (next === undefined) pods.delete('shop/web-0');
    else pods.set('shop/web-0', next);
    await settle();
    assert.equal(certificates.get('shop/web-0'), undefined);
  }
});

test('for a pod that is already gone nothing is kept', async () => {
  const { certificates, issue } = setUp();
  certificates.presented('shop/web-0', 'p1', dates(startMs));
  issue(startMs);
  await settle();
  assert.equal(certificates.get('shop/web-0'), undefined);
});
