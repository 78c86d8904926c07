/** A real API server as Kubernetes 1.36 has it: what is missing there, and what takes its place. */

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, before, suite, test } from 'node:test';
import { type ApiServer, startApiServer } from '../../dev/cluster/cluster.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger, silent } from '../../src/base/log.ts';
import { tokenAudience } from '../../src/base/names.ts';
import { Authority } from '../../src/ca/authority.ts';
import { testMaterial } from '../../src/ca/testing.ts';
import { createControllerSources } from '../../src/controllers/controllers.ts';
import { StubKeeper, StubLeadership } from '../../src/controllers/testing.ts';
import { TrustBundleController } from '../../src/controllers/trust-bundle.ts';
import { Graph } from '../../src/graph/graph.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import * as resources from '../../src/kube/resources.ts';
import { TokenReviewer, type TokenVerdict } from '../../src/kube/token-review.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../src/kube/types.ts';

const namespace = 'default';
let server: ApiServer;
let api: KubeClient;

async function createPod(name: string): Promise<KubeObject> {
  return api.create<KubeObject & { spec: object }>(resources.pods, {
    metadata: { name, namespace },
    spec: {
      serviceAccountName: 'web',
      automountServiceAccountToken: false,
      containers: [{ name: 'app', image: 'app' }],
    },
  });
}

/** As the kubelet asks for one, where a pod is given. */
async function tokenFor(pod: KubeObject | undefined, audience: string = tokenAudience): Promise<string> {
  const path = resources.pathOf(resources.serviceAccounts, { namespace, name: 'web', subresource: 'token' });
  const { name, uid } = pod?.metadata ?? {};
  const bound = pod === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } };
  const { status } = await api.request<{ status: { token: string } }>('POST', path, {
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], ...bound },
    },
  });
  return status.token;
}

let stopped: Promise<void> | undefined;

function stopServer(): Promise<void> {
  return (stopped ??= server.stop());
}

/** Where a log goes that nothing is to be written to. */
function failOnOutput(): Writable {
  return new Writable({ write: (line: Buffer) => assert.fail(line.toString()) });
}

/** Without any memory. */
function review(token: string): Promise<TokenVerdict> {
  return new TokenReviewer({ api, audience: tokenAudience, clock: systemClock }).review(token);
}

async function refusedFor(token: string, why: RegExp): Promise<void> {
  const verdict = await review(token);
  assert.ok(verdict.kind === 'refused', JSON.stringify(verdict));
  assert.match(verdict.why, why);
}

suite('an API server of Kubernetes 1.36', () => {
  let pod: KubeObject;

  before(async () => {
    server = await startApiServer({ emulate: '1.36', withControllers: true, log: console.log });
    api = createKubeApi({ kubeconfigPath: server.kubeconfigPath, log: silent });
    await api.create(resources.serviceAccounts, { metadata: { name: 'web', namespace } });
    pod = await createPod('web-1');
  });
  after(() => stopServer());

  test('is found to make no identities, by discovery', async () => {
    assert.equal(await resources.servesPodCertificates(api), false);
    assert.equal(await api.serves(resources.pods), true);
  });

  test('holds up nobody who watches what it does not have', async () => {
    const stop = new AbortController();
    const found: string[] = [];
    const sink = {
      set: (key: string) => found.push(key),
      delete: () => undefined,
      replace: (entries: Iterable<unknown>) => found.push(...[...entries].map(String)),
    };
    const reflectors = [resources.podCertificateRequests, resources.clusterTrustBundles].map(
      (type) => new Reflector({ api, type, project: (object: KubeObject) => object, sink, log: silent }),
    );
    const ended = reflectors.map((reflector) => reflector.run(stop.signal));
    await Promise.all(reflectors.map(({ synced }) => synced));
    stop.abort();
    await Promise.all(ended);
    assert.deepEqual(found, []);
  });

  test('leaves the controller of trust bundles at rest', async () => {
    const graph = new Graph({ onError: (error) => assert.fail(error) });
    const stop = new AbortController();
    const asked = Promise.withResolvers<boolean>();
    const served = async (type: ResourceType): Promise<boolean> => {
      const answer = await api.serves(type);
      asked.resolve(answer);
      return answer;
    };
    const refuse = (): Promise<never> => Promise.reject(new Error('it is not at rest'));
    const keeper = new StubKeeper();
    keeper.give(new Authority(testMaterial(systemClock), systemClock));
    const ended = new TrustBundleController({
      api: { serves: served, create: refuse, apply: refuse },
      bundles: createControllerSources(graph).bundles,
      keeper,
      leadership: new StubLeadership(true),
      clock: systemClock,
      log: createLogger('error', failOnOutput()),
    }).run(stop.signal);
    assert.equal(await asked.promise, false);
    stop.abort();
    await ended;
  });

  test('says of the token of a pod which pod it is', async () => {
    assert.deepEqual(await review(await tokenFor(pod)), {
      kind: 'accepted',
      holder: { namespace, serviceAccount: 'web', podName: 'web-1', podUid: pod.metadata.uid },
    });
  });

  test('accepts no token for another audience, as Weft would ask', async () => {
    await refusedFor(await tokenFor(pod, 'https://kubernetes.default.svc'), /another audience/);
  });

  test('accepts no token whose claims were changed', async () => {
    const [header = '', payload = '', signature = ''] = (await tokenFor(pod)).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
      'kubernetes.io': { pod: { name: string } };
    };
    claims['kubernetes.io'].pod.name = 'another';
    const forged = Buffer.from(JSON.stringify(claims)).toString('base64url');
    await refusedFor(`${header}.${forged}.${signature}`, /does not accept it/);
  });

  test('accepts a token that is bound to no pod, which Weft refuses', async () => {
    await refusedFor(await tokenFor(undefined), /not bound to a pod/);
  });

  test('accepts the token of a pod no longer when the pod is gone', async () => {
    const gone = await createPod('gone');
    const token = await tokenFor(gone);
    await api.request('DELETE', resources.pathOf(resources.pods, { namespace, name: 'gone' }), {
      query: { gracePeriodSeconds: 0 },
    });
    // It may know a token for some seconds by heart.
    let verdict = await review(token);
    for (const deadline = Date.now() + 30_000; verdict.kind === 'accepted' && Date.now() < deadline; ) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      verdict = await review(token);
    }
    assert.equal(verdict.kind, 'refused');
  });

  test('is not believed to have said anything while it is down', async () => {
    const token = await tokenFor(pod);
    await stopServer();
    await assert.rejects(review(token), { code: 'WEFT-KUBE-01' });
  });
});
