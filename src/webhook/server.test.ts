import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpsRequest } from 'node:https';
import { Writable } from 'node:stream';
import { after, before, suite, test } from 'node:test';
import { connect } from 'node:tls';
import jsonPatch from 'fast-json-patch';
import { systemClock } from '../base/clock.ts';
import { createLogger } from '../base/log.ts';
import { registry } from '../base/metrics.ts';
import { Authority } from '../ca/authority.ts';
import { testMaterial } from '../ca/testing.ts';
import { injectPod, type PreparedInjection, prepareInjection } from './inject/inject.ts';
import { testContext, testPod } from './inject/testing.ts';
import {
  createWebhookServer,
  type ServingCertificate,
  type WebhookOptions,
  type WebhookServer,
} from './server.ts';

const injection = prepareInjection(testContext());
const authority = new Authority(testMaterial(systemClock), systemClock);
const certificate = serving();
const agent = new Agent({ keepAlive: true });
const logged: Record<string, unknown>[] = [];

let current: () => PreparedInjection = () => injection;
let advice: WebhookOptions['advise'] = () => Promise.resolve([]);
let server: WebhookServer;
let port = 0;

function serving(): ServingCertificate {
  const names = { dnsNames: ['weft.weft-system.svc'], uri: 'spiffe://cluster.local/ns/weft-system/sa/weft' };
  const { key, chain } = authority.issueServing({ ...names, lifetimeMs: 3_600_000 });
  return { key, certificate: chain };
}

before(async () => {
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  server = createWebhookServer({
    injection: () => current(),
    namespaceLabels: (name) => ({ 'weft.dev/inject': name === 'plain' ? 'disabled' : 'enabled' }),
    advise: (request) => advice(request),
    tls: certificate,
    log: createLogger('info', sink),
  });
  port = await server.listen('127.0.0.1', 0);
});

after(async () => {
  agent.destroy();
  await server.close();
});

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function send(method: string, path: string, body = '', type = 'application/json'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const options = { method, path, port, host: '127.0.0.1', agent, headers, ca: authority.trustBundle };
    const outgoing = httpsRequest({ ...options, servername: 'weft.weft-system.svc' }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          type: incoming.headers['content-type'] ?? '',
          body: text,
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const podKind = { group: '', version: 'v1', kind: 'Pod' };

function review(request: Record<string, unknown>): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u-1', kind: podKind, operation: 'CREATE', namespace: 'shop', ...request },
  });
}

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patchType?: string;
  readonly patch?: string;
  readonly status?: { readonly code: number; readonly message: string };
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

async function ask(path: string, request: Record<string, unknown>): Promise<Response> {
  const { status, type, body } = await send('POST', path, review(request));
  assert.equal(status, 200, body);
  assert.match(type, /^application\/json/);
  const answer = JSON.parse(body) as { apiVersion: string; kind: string; response: Response };
  assert.deepEqual([answer.apiVersion, answer.kind], ['admission.k8s.io/v1', 'AdmissionReview']);
  assert.equal(answer.response.uid, 'u-1');
  return answer.response;
}

suite('POST /inject', () => {
  test('answers with the patch that makes the injected pod', async () => {
    const pod = testPod();
    const { allowed, patchType, patch, auditAnnotations } = await ask('/inject', { object: pod });
    assert.deepEqual([allowed, patchType, auditAnnotations], [true, 'JSONPatch', { outcome: 'injected' }]);
    const operations = JSON.parse(Buffer.from(patch ?? '', 'base64').toString()) as never;
    const { newDocument } = jsonPatch.applyPatch(pod, operations, true, false);
    assert.deepEqual(newDocument, injectPod(pod, injection).pod);
  });

  test('carries any character of a probe through the patch', async () => {
    const probe = { httpGet: { path: '/größe/✓?"\\u0000\'', port: 80 } };
    const pod = testPod({ spec: { containers: [{ name: 'web', image: 'w', livenessProbe: probe }] } });
    const { patch } = await ask('/inject', { object: pod });
    const operations = JSON.parse(Buffer.from(patch ?? '', 'base64').toString()) as never;
    const { newDocument } = jsonPatch.applyPatch(pod, operations, true, false);
    assert.deepEqual(newDocument, injectPod(pod, injection).pod);
  });

  test('answers a pod that is injected already without a patch', async () => {
    const object = injectPod(testPod(), injection).pod;
    const { allowed, patch, auditAnnotations } = await ask('/inject', { object });
    assert.deepEqual([allowed, patch, auditAnnotations], [true, undefined, { outcome: 'unchanged' }]);
  });

  test('refuses with code, field and remedy', async () => {
    const object = testPod({
      metadata: { labels: { 'weft.dev/inject': 'enabled' } },
      spec: { hostNetwork: true },
    });
    const { allowed, status, auditAnnotations } = await ask('/inject', { object });
    assert.equal(allowed, false);
    assert.equal(status?.code, 422);
    assert.match(status?.message ?? '', /^WEFT-POD-01: spec\.hostNetwork: .+ Remove hostNetwork/);
    assert.equal(auditAnnotations?.['code'], 'WEFT-POD-01');
  });

  test('refuses a wrong annotation', async () => {
    const object = testPod({ metadata: { annotations: { 'proxy.weft.dev/cpu': 'lots' } } });
    const { allowed, status } = await ask('/inject', { object });
    assert.equal(allowed, false);
    assert.match(
      status?.message ?? '',
      /^WEFT-POD-09: metadata\.annotations\[proxy\.weft\.dev\/cpu\]: "lots"/,
    );
  });

  test('lets a pod through that merely lives in a meshed namespace, and says why it has no proxy', async () => {
    const { allowed, patch, warnings, auditAnnotations } = await ask('/inject', {
      object: testPod({ spec: { hostNetwork: true } }),
    });
    assert.deepEqual([allowed, patch], [true, undefined]);
    assert.deepEqual(warnings, ["WEFT-POD-01: The pod uses its node's network."]);
    assert.deepEqual([auditAnnotations?.['outcome'], auditAnnotations?.['code']], ['skipped', 'WEFT-POD-01']);
  });

  test('says nothing to a pod that nobody asked about', async () => {
    const { allowed, warnings } = await ask('/inject', { namespace: 'plain', object: testPod() });
    assert.deepEqual([allowed, warnings], [true, undefined]);
  });

  test('leaves other operations and subresources alone', async () => {
    for (const request of [{ operation: 'UPDATE' }, { subResource: 'ephemeralcontainers' }]) {
      const { allowed, patch } = await ask('/inject', { ...request, object: testPod() });
      assert.deepEqual([allowed, patch], [true, undefined]);
    }
  });

  test('fails closed with a code while the settings are unknown', async () => {
    current = () => {
      throw new Error('no settings yet');
    };
    try {
      const { allowed, status } = await ask('/inject', { object: testPod() });
      assert.equal(allowed, false);
      assert.equal(status?.code, 500);
      assert.match(status?.message ?? '', /^WEFT-HOOK-05: no settings yet/);
    } finally {
      current = () => injection;
    }
  });

  test('writes one line for each review', async () => {
    logged.length = 0;
    await ask('/inject', { object: { ...testPod(), metadata: { generateName: 'web-' } }, dryRun: true });
    assert.equal(logged.length, 1);
    const { webhook, uid, kind, namespace, name, outcome, dryRun, msg } = logged[0] ?? {};
    assert.deepEqual(
      { webhook, uid, kind, namespace, name, outcome, dryRun, msg },
      {
        webhook: 'inject',
        uid: 'u-1',
        kind: 'Pod',
        namespace: 'shop',
        name: 'web-',
        outcome: 'injected',
        dryRun: true,
        msg: 'admission',
      },
    );
  });

  test('counts reviews by outcome', async () => {
    const line = /weft_admission_reviews_total\{webhook="inject",outcome="injected"\} (\d+)/;
    const count = async (): Promise<number> => Number(line.exec(await registry.metrics())?.[1]);
    const earlier = await count();
    await ask('/inject', { object: testPod() });
    assert.equal(await count(), earlier + 1);
  });
});

suite('POST /validate', () => {
  const kind = { group: 'weft.dev', version: 'v1alpha1', kind: 'MeshConfig' };
  const object = (meshCIDRs: readonly string[]) => ({
    metadata: { name: 'default' },
    spec: {
      trustDomain: 'a',
      mtls: { mode: 'Disabled' },
      outbound: { policy: 'Allow', meshCIDRs },
      proxy: {},
    },
  });

  test('accepts, and shows warnings', async () => {
    const { allowed, warnings, auditAnnotations } = await ask('/validate', {
      kind,
      object: object(['10.0.0.0/8']),
    });
    assert.deepEqual([allowed, auditAnnotations], [true, { outcome: 'accepted' }]);
    assert.match(warnings?.[0] ?? '', /^WEFT-VAL-05: spec\.mtls\.mode: /);
  });

  test('refuses with code and field', async () => {
    const { allowed, status } = await ask('/validate', { kind, object: object(['10.0.0.1/8']) });
    assert.equal(allowed, false);
    assert.match(status?.message ?? '', /^WEFT-VAL-01: spec\.outbound\.meshCIDRs\[0\]: /);
  });

  test('takes a deletion, which has only an old object', async () => {
    const { allowed, warnings } = await ask('/validate', {
      kind,
      operation: 'DELETE',
      object: null,
      oldObject: object([]),
    });
    assert.equal(allowed, true);
    assert.match(warnings?.[0] ?? '', /^WEFT-VAL-03/);
  });
});

suite('A request that is no admission review', () => {
  const inject = (body: string, type?: string) => send('POST', '/inject', body, type);
  const cases: readonly [string, () => Promise<Answer>, number, string, string?][] = [
    ['malformed JSON', () => inject('{"apiVersion":'), 400, 'WEFT-HOOK-01'],
    ['an empty body', () => inject(''), 400, 'WEFT-HOOK-01'],
    ['another content type', () => inject('{}', 'text/plain'), 415, 'WEFT-HOOK-01'],
    ['YAML', () => inject('a: b', 'application/yaml'), 415, 'WEFT-HOOK-01'],
    ['a list', () => inject('[]'), 400, 'WEFT-HOOK-02'],
    [
      'another version',
      () => inject('{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}'),
      400,
      'WEFT-HOOK-02',
      'apiVersion',
    ],
    [
      'another kind',
      () => inject('{"apiVersion":"admission.k8s.io/v1","kind":"Pod"}'),
      400,
      'WEFT-HOOK-02',
      'kind',
    ],
    ['no request', () => inject(review({}).replace('"request"', '"x"')), 400, 'WEFT-HOOK-02', 'request'],
    ['no uid', () => inject(review({ uid: '' })), 400, 'WEFT-HOOK-02', 'request.uid'],
    ['no kind', () => inject(review({ kind: 'Pod' })), 400, 'WEFT-HOOK-02', 'request.kind'],
    [
      'an object that is none',
      () => inject(review({ object: 'pod' })),
      400,
      'WEFT-HOOK-02',
      'request.object',
    ],
    [
      'a pod without containers',
      () => inject(review({ object: {} })),
      400,
      'WEFT-HOOK-02',
      'request.object.spec',
    ],
    [
      'a pod with a container that is none',
      () => inject(review({ object: { spec: { containers: [null] } } })),
      400,
      'WEFT-HOOK-02',
      'request.object.spec',
    ],
    [
      'a kind that is not for this webhook',
      () => inject(review({ kind: { group: 'apps', version: 'v1', kind: 'Deployment' } })),
      400,
      'WEFT-HOOK-02',
      'request.kind',
    ],
    [
      'a kind that is not validated',
      () => send('POST', '/validate', review({ object: { spec: {} } })),
      400,
      'WEFT-HOOK-02',
      'request.kind',
    ],
    ['another path', () => send('POST', '/mutate', '{}'), 404, 'WEFT-HOOK-04'],
    ['another method', () => send('GET', '/inject'), 404, 'WEFT-HOOK-04'],
    ['more than 8 MiB', () => inject(`"${'x'.repeat(8 * 1024 * 1024)}"`), 413, 'WEFT-HOOK-03'],
  ];
  for (const [what, act, status, code, field] of cases) {
    test(`${what}: ${status} ${code}`, async () => {
      const answer = await act();
      const body = JSON.parse(answer.body) as { code: string; field?: string; message: string };
      assert.deepEqual([answer.status, body.code, body.field], [status, code, field], answer.body);
      assert.ok(body.message.startsWith(`${code}: `));
    });
  }

  test('does not keep the next review from being answered', async () => {
    assert.equal((await ask('/inject', { object: testPod() })).allowed, true);
  });
});

suite('Advice', () => {
  const route = { object: { kind: 'HTTPRoute', metadata: { name: 'r' }, spec: {} } };

  test('is told as warnings, and refuses nothing', async () => {
    advice = ({ object }) => Promise.resolve([`WEFT-ANL-10: ${String(object?.['kind'])}`]);
    const { allowed, warnings } = await ask('/advise', route);
    assert.deepEqual([allowed, warnings], [true, ['WEFT-ANL-10: HTTPRoute']]);
  });

  test('is left out where it fails', async () => {
    advice = () => Promise.reject(new Error('no'));
    const { allowed, warnings } = await ask('/advise', route);
    assert.deepEqual([allowed, warnings], [true, undefined]);
  });

  test('is not waited for when it takes long', async () => {
    advice = () => new Promise(() => {});
    const { allowed, warnings } = await ask('/advise', route);
    assert.deepEqual([allowed, warnings], [true, undefined]);
  });
});

test('A review of 1 MB is answered', async () => {
  const annotations = { big: 'x'.repeat(1_000_000) };
  const { allowed, patch } = await ask('/inject', { object: testPod({ metadata: { annotations } }) });
  assert.equal(allowed, true);
  assert.ok(patch !== undefined && patch.length < 50_000);
});

test('GET /healthz answers', async () => {
  assert.deepEqual(await send('GET', '/healthz'), { status: 200, type: 'text/plain', body: 'ok' });
});

test('A new certificate is served to new connections, open ones go on', async () => {
  const serialOf = async (): Promise<string> => {
    const options = {
      port,
      host: '127.0.0.1',
      ca: authority.trustBundle,
      servername: 'weft.weft-system.svc',
    };
    const socket = connect(options);
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  await ask('/inject', { object: testPod() });
  const first = await serialOf();
  server.updateTls(serving());
  assert.notEqual(await serialOf(), first);
  assert.equal((await ask('/inject', { object: testPod() })).allowed, true);
});
