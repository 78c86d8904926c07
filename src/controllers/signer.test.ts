import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { createLogger } from '../base/log.ts';
import { Authority } from '../ca/authority.ts';
import type { PodCertificateRequest } from '../ca/pod-certificate-request.ts';
import { certificateRequest, dayMs, podCertificateRequest, testMaterial } from '../ca/testing.ts';
import { distinguishedName } from '../ca/x509.ts';
import { KubeError } from '../kube/errors.ts';
import { podCertificateRequests } from '../kube/resources.ts';
import type { MeshPod } from '../mesh/model.ts';
import { projectRequest, Signer } from './signer.ts';
import { kubeError, newGraph, RecordedApi, settle } from './testing.ts';

const pod = { uid: 'p1', serviceAccount: 'web', workload: 'shop/Deployment/web', version: 'v1' } as MeshPod;
const target = 'podcertificaterequests shop/req-1';

/** A signer over a graph, an API server in memory and a watch between the two. */
function setUp(
  t: TestContext,
  options: { readonly leading?: boolean; readonly withAuthority?: boolean } = {},
) {
  const clock = new MovableClock();
  const graph = newGraph();
  const requests = graph.source<PodCertificateRequest>('podcertificaterequests');
  const pods = graph.source<MeshPod>('pods');
  const api = new RecordedApi();
  const listeners = new Set<(authority: Authority) => void>();
  const keeper = {
    authority: options.withAuthority === false ? undefined : new Authority(testMaterial(clock), clock),
    onChange: (listener: (authority: Authority) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write: (line, _encoding, done) => {
      lines.push(JSON.parse(String(line)) as Record<string, unknown>);
      done();
    },
  });
  const signer = new Signer({
    api,
    requests,
    pods,
    keeper,
    leadership: { leading: options.leading ?? true },
    trustDomain: () => 'cluster.local',
    workloadLifetimeMs: () => dayMs,
    clock,
    log: createLogger('info', destination),
  });
  const stop = new AbortController();
  const run = signer.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  /** What the watch would deliver. */
  const ask = (request: PodCertificateRequest = podCertificateRequest()): void => {
    const stored = api.put(podCertificateRequests, request);
    const projected = projectRequest(stored);
    if (projected !== undefined) requests.set('shop/req-1', projected);
  };
  const status = () => api.peek<PodCertificateRequest>(podCertificateRequests, 'req-1', 'shop')?.status;
  const setAuthority = (authority: Authority): void => {
    keeper.authority = authority;
    for (const listener of listeners) listener(authority);
  };
  return { api, ask, clock, lines, pods, requests, setAuthority, status };
}

test('a request is answered at once with a certificate, and with one line in the log', async (t) => {
  const { api, ask, lines, pods, status } = setUp(t);
  pods.set('shop/web-0', pod);
  ask();
  await settle();
  assert.deepEqual(api.writes, [`updateStatus ${target}`]);
  assert.equal(status()?.conditions?.[0]?.type, 'Issued');
  assert.equal(lines.length, 1);
  const { msg, identity, serial, notAfter, request } = lines[0] ?? {};
  assert.equal(msg, 'certificate issued');
  assert.equal(identity, 'spiffe://cluster.local/ns/shop/sa/web');
  assert.equal(request, 'shop/req-1');
  assert.match(String(serial), /^[0-9A-F]{40}$/);
  assert.equal(notAfter, '2026-09-02T11:59:00.000Z');
  assert.doesNotMatch(JSON.stringify(lines), /BEGIN|stubPKCS10/);
});

test('requests that were there before the start are answered', async (t) => {
  const first = setUp(t, { withAuthority: false });
  first.pods.set('shop/web-0', pod);
  first.ask();
  await settle();
  assert.deepEqual(first.api.writes, []);
  first.setAuthority(new Authority(testMaterial(first.clock), first.clock));
  await settle();
  assert.deepEqual(first.api.writes, [`updateStatus ${target}`]);
});

test('a request that came before its pod is answered when the pod is seen', async (t) => {
  const { api, ask, pods } = setUp(t);
  ask();
  await settle();
  assert.deepEqual(api.writes, []);
  pods.set('shop/other', { ...pod, uid: 'p9' });
  await settle();
  assert.deepEqual(api.writes, []);
  pods.set('shop/web-0', pod);
  await settle();
  assert.deepEqual(api.writes, [`updateStatus ${target}`]);
});

test('a forged subject is denied, with its code in the condition and in the log', async (t) => {
  const { ask, lines, pods, status } = setUp(t);
  pods.set('shop/web-0', pod);
  const forged = certificateRequest({ subject: distinguishedName('system:masters', 'admin') });
  ask(podCertificateRequest({ stubPKCS10Request: forged.toString('base64') }));
  await settle();
  const [condition] = status()?.conditions ?? [];
  assert.equal(condition?.type, 'Denied');
  assert.match(condition?.message ?? '', /^WEFT-CA-03: /);
  assert.equal(status()?.certificateChain, undefined);
  assert.equal(lines[0]?.['msg'], 'certificate request denied');
  assert.match(String(lines[0]?.['err']), /^WEFT-CA-03: /);
});

test('a replica that does not lead gives the leader a moment, and stays out of it when that was enough', async (t) => {
  const { api, ask, clock, pods, requests } = setUp(t, { leading: false });
  pods.set('shop/web-0', pod);
  ask();
  await settle();
  clock.advance(40);
  await settle();
  assert.deepEqual(api.writes, []);
  requests.set('shop/req-1', {
    ...podCertificateRequest(),
    status: { conditions: [{ type: 'Issued', status: 'True', reason: 'Issued', message: '' }] },
  });
  await settle();
  clock.advance(1000);
  await settle();
  assert.deepEqual(api.writes, []);
});

test('a replica that does not lead answers when the leader does not', async (t) => {
  const { api, ask, clock, pods } = setUp(t, { leading: false });
  pods.set('shop/web-0', pod);
  ask();
  await settle();
  clock.advance(50);
  await settle();
  assert.deepEqual(api.writes, [`updateStatus ${target}`]);
});

test('an answer that another replica gave first is not fought over', async (t) => {
  const { api, ask, clock, lines, pods } = setUp(t);
  pods.set('shop/web-0', pod);
  api.failNext('updateStatus', kubeError(409, 'Conflict'));
  ask();
  await settle();
  clock.advance(60_000);
  await settle();
  assert.equal(api.writes.length, 1);
  assert.deepEqual(lines, []);
});

test('a failed write is tried again', async (t) => {
  const { api, ask, clock, pods, status } = setUp(t);
  pods.set('shop/web-0', pod);
  api.failNext('updateStatus', kubeError(503));
  ask();
  await settle();
  clock.advance(1000);
  await settle();
  assert.equal(api.writes.length, 2);
  assert.equal(status()?.conditions?.[0]?.type, 'Issued');
});

test('a clock that the API server does not take certificates of is told by its code, until it is right', async (t) => {
  const { api, ask, clock, lines, pods, status } = setUp(t);
  pods.set('shop/web-0', pod);
  const why = 'status.notBefore: must be set to within 5 minutes of the current time';
  api.failNext('updateStatus', new KubeError('WEFT-KUBE-03', why, { status: 422, reason: 'Invalid' }));
  ask();
  await settle();
  assert.match(JSON.stringify(lines), /WEFT-CA-09: The API server takes no certificate that begins at 2026-/);
  clock.advance(1000);
  await settle();
  assert.equal(status()?.conditions?.[0]?.type, 'Issued');
});

test("other signers' requests are not even kept", () => {
  assert.equal(projectRequest(podCertificateRequest({ signerName: 'example.com/other' })), undefined);
});
