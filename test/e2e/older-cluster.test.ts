/** A cluster without PodCertificateRequest: the same identities, by token and over the stream (docs/pod.md). */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { tokenAudience } from '../../src/base/names.ts';
import { Authority } from '../../src/ca/authority.ts';
import { authoritySecretName, materialOfSecret } from '../../src/controllers/authority-secret.ts';
import type { Secret } from '../../src/controllers/objects.ts';
import { pathOf, servesPodCertificates } from '../../src/kube/resources.ts';
import { typeUrls } from '../../src/xds/resource.ts';
import { deltaRequest, openStream, type Replica, replicaOf } from './ads.ts';
import {
  type Answer,
  type App,
  answerOf,
  createNamespace,
  createService,
  deployApp,
  kinds,
  type Pod,
  put,
} from './apps.ts';
import { controlPlanePods, weft } from './control-plane.ts';
import { capture, sumOf } from './evidence.ts';
import { type TestMesh, until, useOlderMesh } from './harness.ts';

const namespace = 'older';
const gatewayKind = {
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  plural: 'gateways',
  kind: 'Gateway',
  namespaced: true,
} as const;
const call = { kind: 'http', url: 'http://server/' } as const;
let mesh: TestMesh;
let client: App;
let server: App;
let replica: Replica;

async function onlyPodOf(app: App): Promise<Pod> {
  const [pod] = await app.ready(1);
  assert.ok(pod !== undefined);
  return pod;
}

function nodeIdOf({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}/${metadata.uid}`;
}

/** As the kubelet asks for one. */
async function tokenOf(pod: Pod, audience: string = tokenAudience): Promise<string> {
  const path = pathOf(kinds.serviceAccount, {
    namespace,
    name: pod.spec.serviceAccountName ?? '',
    subresource: 'token',
  });
  const { name, uid } = pod.metadata;
  const { status } = await mesh.api.request<{ status: { token: string } }>('POST', path, {
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
    },
  });
  return status.token;
}

function controlPlaneLog(): Promise<string> {
  const selector = '--selector=app.kubernetes.io/name=weft';
  return mesh.cluster.kubectl(['-n', 'weft-system', 'logs', selector, '--tail=-1']);
}

suite('on a cluster that has no PodCertificateRequest', () => {
  before(async () => {
    mesh = await useOlderMesh('1.36');
    assert.equal(await servesPodCertificates(mesh.api), false);
    await createNamespace(mesh.api, namespace, true);
    await createService(mesh.api, namespace, 'server');
    [client, server] = await Promise.all([
      deployApp(mesh, namespace, { name: 'client' }),
      deployApp(mesh, namespace, { name: 'server' }),
    ]);
    const secret = await mesh.api.get<Secret>(kinds.secret, authoritySecretName, 'weft-system');
    assert.ok(secret !== undefined);
    replica = await replicaOf(mesh, new Authority(materialOfSecret(secret), systemClock).trustBundle);
  });
  after(() => mesh.cluster.stop());

  test('pods call one another over mutual TLS, each with the identity of its service account', async () => {
    const marker = 'a-marker-nobody-else-sends';
    const wire = await capture(mesh.cluster, await server.address(), async () => {
      const answer = answerOf(await client.call({ kind: 'http', url: `http://server/${marker}` }));
      assert.match(
        answer.headers['x-forwarded-client-cert'] ?? '',
        /By=spiffe:\/\/cluster\.local\/ns\/older\/sa\/server;.*URI=spiffe:\/\/cluster\.local\/ns\/older\/sa\/client/,
      );
    });
    assert.ok(!wire.includes(marker), 'the request is encrypted');
  });

  test('a gateway has its identity over its stream as well', async () => {
    await put(mesh.api, gatewayKind, {
      metadata: { name: 'door', namespace },
      spec: { gatewayClassName: 'weft', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    });
    await put(mesh.api, kinds.httpRoute, {
      metadata: { name: 'door', namespace },
      spec: { parentRefs: [{ name: 'door' }], rules: [{ backendRefs: [{ name: 'server', port: 80 }] }] },
    });
    const answer = await until('the gateway answers', async () => {
      const [pod] = await mesh.api.list<Pod>(kinds.pod, {
        namespace,
        labelSelector: 'gateway.networking.k8s.io/gateway-name=door',
      });
      const response = await fetch(`http://${pod?.status.podIP}/`).catch(() => undefined);
      return response?.status === 200 ? ((await response.json()) as Answer) : undefined;
    });
    assert.match(answer.headers['x-forwarded-client-cert'] ?? '', /sa\/server;.*URI=.*\/ns\/older\/sa\/door/);
  });

  test('weft check says where identities come from, and that all is well', async () => {
    const { stdout, code } = await weft(mesh, 'check');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /sends them over SDS/);
  });

  test('certificates rotate under load and no request fails', async () => {
    const address = await server.address();
    const expiry = (): Promise<number> =>
      sumOf(address, /^envoy_.*certificate.*expiration_unix_time_seconds/);
    const earlier = await expiry();
    assert.ok(earlier > 0);
    const load = await client.startLoad(call, 200);
    await until('the load flows', async () => ((await load.report()).done > 200 ? true : undefined));
    // Other replicas know nothing of the keys that were made before: every proxy gets a new one.
    await mesh.cluster.kubectl(['-n', 'weft-system', 'rollout', 'restart', 'deployment/weft']);
    await mesh.cluster.kubectl([
      '-n',
      'weft-system',
      'rollout',
      'status',
      'deployment/weft',
      '--timeout=60s',
    ]);
    await until('the former replicas are gone', async () =>
      (await controlPlanePods(mesh)).length === 2 ? true : undefined,
    );
    await until('a later certificate', async () => ((await expiry()) > earlier ? true : undefined));
    const settledAt = (await load.report()).sent + 200;
    await until('the load flows on', async () => ((await load.report()).sent > settledAt ? true : undefined));
    const report = await load.stop();
    assert.equal(report.failed, 0, JSON.stringify(report));
    assert.equal(report.done, report.sent);
  });

  test('the token of one pod opens the stream of no other', async () => {
    const pod = await onlyPodOf(client);
    replica = await replicaOf(mesh, replica.ca);
    const message = deltaRequest(nodeIdOf(await onlyPodOf(server)), typeUrls.secret);
    const refused = await openStream(replica, { token: await tokenOf(pod) }, message);
    assert.equal(refused.code, 7, refused.details);
    assert.match(refused.details, /WEFT-XDS-20.*older\/client-.*not of older\/server-/);
  });

  test('a token for the API server is not taken', async () => {
    const pod = await onlyPodOf(client);
    const token = await tokenOf(pod, 'https://kubernetes.default.svc');
    const refused = await openStream(replica, { token }, deltaRequest(nodeIdOf(pod), typeUrls.secret));
    assert.equal(refused.code, 16, refused.details);
    assert.match(refused.details, /WEFT-XDS-21.*another audience/);
  });

  test('neither keys nor tokens are in the log or in what the command line shows', async () => {
    const pod = `${namespace}/${(await onlyPodOf(server)).metadata.name}`;
    // It may be on its way from one replica to another.
    const config = await until('a replica knows the proxy', async () => {
      const ran = await weft(mesh, 'proxy', 'config', pod);
      return ran.code === 0 ? ran : undefined;
    });
    assert.match(config.stdout, /identity/);
    const log = await controlPlaneLog();
    assert.match(log, /certificate issued over the stream/);
    for (const text of [log, config.stdout]) assert.doesNotMatch(text, /PRIVATE KEY|Bearer|eyJ[A-Za-z0-9]/);
  });
});
