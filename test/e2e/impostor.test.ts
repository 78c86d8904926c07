import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { clusterDirectory } from '../../dev/cluster/paths.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { signerName } from '../../src/base/names.ts';
import { Authority } from '../../src/ca/authority.ts';
import {
  type AuthorityMaterial,
  createAuthorityMaterial,
  generateKey,
  keyPem,
  publicKeyDer,
} from '../../src/ca/material.ts';
import type { PodCertificateRequest } from '../../src/ca/pod-certificate-request.ts';
import { authoritySecretName, materialOfSecret } from '../../src/controllers/authority-secret.ts';
import type { Secret } from '../../src/controllers/objects.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { nodes, podCertificateRequests } from '../../src/kube/resources.ts';
import type { KubeApi } from '../../src/kube/types.ts';
import { typeUrls } from '../../src/xds/resource.ts';
import { type Credentials, deltaRequest, handshake, openStream, type Replica, replicaOf } from './ads.ts';
import { type App, deployApp, kinds, type Pod } from './apps.ts';
import { type TestMesh, until, useMesh } from './harness.ts';
import { Steady } from './steady.ts';

const namespace = 'impostor';
const hourMs = 3_600_000;
let mesh: TestMesh;
let steady: Steady;
/** The mesh's own. */
let material: Partial<AuthorityMaterial>;
let authority: Authority;
let replica: Replica;
/** What the kubelet may do. */
let kubelet: KubeApi;
let victim: App;
let pod: Pod;

function identity(serviceAccount: string): string {
  return `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`;
}

/** The key and certificate that a workload of this service account has; `by` stands for the mesh's own authority. */
function credentialsOf(serviceAccount: string, by = authority): Credentials {
  const key = generateKey();
  const { chain } = by.issueWorkload({
    publicKey: publicKeyDer(key),
    identity: identity(serviceAccount),
    lifetimeMs: hourMs,
  });
  return { key: keyPem(key), chain };
}

/** PKCS#10 in DER with a key of its own; `/` is the empty subject. */
function certificateRequest(subject: string, ...extensions: readonly string[]): Buffer {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'];
  const added = extensions.flatMap((extension) => ['-addext', extension]);
  return execFileSync('openssl', ['req', '-new', ...key, '-subj', subject, ...added, '-outform', 'DER'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function nodeIdOf({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}/${metadata.uid}`;
}

suite('whoever pretends to be somebody else gets nothing and disturbs nobody', () => {
  before(async () => {
    mesh = await useMesh();
    steady = await Steady.start(mesh, namespace);
    victim = await deployApp(mesh, namespace, { name: 'victim' });
    const [first] = await victim.ready(1);
    assert.ok(first !== undefined);
    pod = first;
    const secret = await mesh.api.get<Secret>(kinds.secret, authoritySecretName, 'weft-system');
    assert.ok(secret !== undefined);
    material = materialOfSecret(secret);
    authority = new Authority(material, systemClock);
    replica = await replicaOf(mesh, authority.trustBundle);
    kubelet = createKubeApi({
      kubeconfigPath: join(clusterDirectory(mesh.cluster.name), 'node.kubeconfig'),
      log: silent,
    });
  });
  afterEach(() => steady.undisturbed());
  after(() => steady.stop());

  suite('requests for a certificate', () => {
    let count = 0;

    /** As the kubelet would ask for the victim's certificate, but for what is given. */
    async function requestFor(spec: object): Promise<PodCertificateRequest> {
      const [node] = await mesh.api.list(nodes);
      const account = await mesh.api.get(kinds.serviceAccount, 'victim', namespace);
      return {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'PodCertificateRequest',
        metadata: { name: `forged-${++count}-${Date.now()}`, namespace },
        spec: {
          signerName,
          podName: pod.metadata.name,
          podUID: pod.metadata.uid,
          serviceAccountName: 'victim',
          serviceAccountUID: account?.metadata.uid,
          nodeName: node?.metadata.name,
          nodeUID: node?.metadata.uid,
          maxExpirationSeconds: 3600,
          stubPKCS10Request: certificateRequest('/').toString('base64'),
          ...spec,
        },
      } as unknown as PodCertificateRequest;
    }

    function answered(request: PodCertificateRequest): Promise<PodCertificateRequest> {
      return until('the request is answered', async () => {
        const found = await mesh.api.get<PodCertificateRequest>(
          podCertificateRequests,
          request.metadata.name,
          namespace,
        );
        return (found?.status?.conditions ?? []).length > 0 ? found : undefined;
      });
    }

    test('one with a foreign subject is denied with WEFT-CA-03', async () => {
      const forged = certificateRequest('/O=system:masters/CN=admin');
      const request = await requestFor({ stubPKCS10Request: forged.toString('base64') });
      const { status } = await answered(await kubelet.create(podCertificateRequests, request));
      const [condition] = status?.conditions ?? [];
      assert.deepEqual([condition?.type, condition?.reason], ['Denied', 'SubjectNotAllowed']);
      assert.match(condition?.message ?? '', /WEFT-CA-03: spec\.stubPKCS10Request/);
      assert.equal(status?.certificateChain, undefined);
    });

    test('one with a foreign alternative name gets the identity of its own pod and nothing else', async () => {
      const forged = certificateRequest('/', `subjectAltName=URI:${identity('steady-server')}`);
      assert.ok(forged.includes(identity('steady-server')));
      const request = await requestFor({ stubPKCS10Request: forged.toString('base64') });
      const { status } = await answered(await kubelet.create(podCertificateRequests, request));
      const leaf = new X509Certificate(status?.certificateChain ?? '');
      assert.equal(leaf.subjectAltName, `URI:${identity('victim')}`);
      assert.equal(leaf.subject, 'OU=v1\nO=impostor\nCN=Deployment/victim');
    });

    test('one for the service account of another pod is refused by Kubernetes to a kubelet, and denied with WEFT-CA-06 to whoever may ask', async () => {
      const account = await mesh.api.get(kinds.serviceAccount, 'steady-server', namespace);
      const request = await requestFor({
        serviceAccountName: 'steady-server',
        serviceAccountUID: account?.metadata.uid,
      });
      await assert.rejects(
        kubelet.create(podCertificateRequests, request),
        /forbidden: .*serviceAccountName/,
      );
      const { status } = await answered(await mesh.api.create(podCertificateRequests, request));
      const [condition] = status?.conditions ?? [];
      assert.deepEqual([condition?.type, condition?.reason], ['Denied', 'ServiceAccountMismatch']);
      assert.match(condition?.message ?? '', /WEFT-CA-06/);
      assert.equal(status?.certificateChain, undefined);
    });

    test('one by a user, a service account or another node is refused by Kubernetes', async () => {
      const request = await requestFor({});
      const attempt = (user: string, ...groups: readonly string[]): Promise<unknown> =>
        mesh.cluster.kubectl(
          ['--as', user, ...groups.flatMap((name) => ['--as-group', name]), 'create', '-f', '-'],
          { input: JSON.stringify(request) },
        );
      const authenticated = 'system:authenticated';
      await assert.rejects(attempt('ada', authenticated), /forbidden/i);
      await assert.rejects(
        attempt(`system:serviceaccount:${namespace}:victim`, 'system:serviceaccounts', authenticated),
        /forbidden/i,
      );
      await assert.rejects(attempt('system:node:other', 'system:nodes', authenticated), /forbidden/i);
    });
  });

  suite('clients of the control plane', () => {
    test('one with a certificate of the mesh is let in', async () => {
      assert.equal(await handshake(replica, credentialsOf('victim')), undefined);
    });

    test('one with neither a certificate nor a token is refused with WEFT-XDS-15', async () => {
      const message = deltaRequest(nodeIdOf(pod), typeUrls.cluster);
      const { code, details } = await openStream(replica, undefined, message);
      assert.equal(code, 16, details);
      assert.match(details, /WEFT-XDS-15/);
    });

    test('one with a forged token is refused with WEFT-XDS-21', async () => {
      const message = deltaRequest(nodeIdOf(pod), typeUrls.cluster);
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const token = `${part({ alg: 'none' })}.${part({ aud: ['weft.dev'], exp: Date.now() / 1000 + 3600 })}.AAAA`;
      const { code, details } = await openStream(replica, { token }, message);
      assert.equal(code, 16, details);
      assert.match(details, /WEFT-XDS-21/);
    });

    test('one whose certificate has expired is refused in TLS', async () => {
      const yesterday = new Authority(material, {
        ...systemClock,
        now: () => systemClock.now() - 24 * hourMs,
      });
      assert.notEqual(await handshake(replica, credentialsOf('victim', yesterday)), undefined);
    });

    test('one with the right name from a foreign authority is refused in TLS', async () => {
      const other = createAuthorityMaterial({
        trustDomain: 'cluster.local',
        rootLifetimeMs: 1000 * hourMs,
        intermediateLifetimeMs: 100 * hourMs,
        clock: systemClock,
      });
      const foreign = new Authority(other, systemClock);
      assert.notEqual(await handshake(replica, credentialsOf('victim', foreign)), undefined);
    });

    test('one that asks for the configuration of another workload is refused with WEFT-XDS-20', async () => {
      const [other] = await steady.server.pods();
      assert.ok(other !== undefined);
      const hold = await steady.holdStreams();
      const message = deltaRequest(nodeIdOf(other), typeUrls.cluster);
      const { code, details } = await openStream(replica, credentialsOf('victim'), message);
      assert.equal(code, 7, details);
      assert.match(details, /WEFT-XDS-20/);
      assert.match(details, new RegExp(`sa/steady-server.*sa/victim`));
      await hold();
    });

    test('one that names a pod that does not exist, or nothing, is refused with WEFT-XDS-20', async () => {
      for (const id of [`${namespace}/nobody/0d1c2b3a-1111-4222-8333-444455556666`, 'nobody']) {
        const message = deltaRequest(id, typeUrls.cluster);
        const { code, details } = await openStream(replica, credentialsOf('victim'), message);
        assert.equal(code, 7, details);
        assert.match(details, /WEFT-XDS-20/);
      }
    });

    test('garbage is answered INVALID_ARGUMENT with WEFT-XDS-06', async () => {
      for (const garbage of [Buffer.from('not a protobuf message'), Buffer.alloc(1000, 0xff)]) {
        const { code, details } = await openStream(replica, credentialsOf('victim'), garbage);
        assert.equal(code, 3, details);
        assert.match(details, /WEFT-XDS-06/);
      }
    });

    test('the state-of-the-world method is answered UNIMPLEMENTED with WEFT-XDS-04', async () => {
      const { code, details } = await openStream(
        replica,
        credentialsOf('victim'),
        deltaRequest(nodeIdOf(pod), typeUrls.cluster),
        '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
      );
      assert.equal(code, 12, details);
      assert.match(details, /WEFT-XDS-04/);
    });

    test('a type that is not served is answered INVALID_ARGUMENT with WEFT-XDS-05', async () => {
      const hold = await steady.holdStreams();
      const message = deltaRequest(
        nodeIdOf(pod),
        'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
      );
      const { code, details } = await openStream(replica, credentialsOf('victim'), message);
      assert.equal(code, 3, details);
      assert.match(details, /WEFT-XDS-05/);
      await hold();
    });

    test('all of them are in the log with their code and reason', async () => {
      const selector = '--selector=app.kubernetes.io/name=weft';
      const log = await mesh.cluster.kubectl(['-n', 'weft-system', 'logs', selector, '--tail=-1']);
      const reasons = [
        /WEFT-XDS-04.*StreamAggregatedResources/,
        /WEFT-XDS-05.*TypedExtensionConfig/,
        /WEFT-XDS-06/,
        /WEFT-XDS-14.*CERT_HAS_EXPIRED/,
        /WEFT-XDS-14.*UNABLE_TO_GET_ISSUER_CERT_LOCALLY/,
        /WEFT-XDS-15/,
        /WEFT-XDS-20.*sa\/victim/,
        /WEFT-XDS-21.*does not accept it/,
      ];
      for (const reason of reasons) assert.match(log, reason);
    });
  });
});
