import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import type { Condition } from '../../src/kube/types.ts';
import { createNamespace, kinds, type Manifest, put } from './apps.ts';
import { type TestMesh, until, useMesh } from './harness.ts';
import { Steady } from './steady.ts';
import { type WebhookClient, webhookClient } from './webhook-client.ts';

const namespace = 'bad-input';
let mesh: TestMesh;
let steady: Steady;

type MeshConfig = Manifest & {
  readonly spec: unknown;
  readonly status?: { readonly conditions?: readonly Condition[] };
};

async function meshConfig(): Promise<MeshConfig | undefined> {
  return (await mesh.api.get(kinds.meshConfig, 'default')) as MeshConfig | undefined;
}

function refusal(code: string, field: string): RegExp {
  const path = field.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`${path}[^]*${code}|${code}[^]*${path}`);
}

function pod(metadata: object, spec: object = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'refused', namespace, ...metadata },
    spec: { containers: [{ name: 'app', image: mesh.image, imagePullPolicy: 'Never' }], ...spec },
  };
}

suite('bad input is refused with a reason and disturbs nothing', () => {
  before(async () => {
    mesh = await useMesh();
    await createNamespace(mesh.api, namespace, true);
    steady = await Steady.start(mesh, `${namespace}-steady`);
  });
  afterEach(() => steady.undisturbed());
  after(async () => {
    await steady.stop();
    await mesh.api.delete(kinds.namespace, namespace);
  });

  suite('MeshConfig', () => {
    let accepted: MeshConfig;
    before(async () => {
      await put(mesh.api, kinds.meshConfig, {
        metadata: { name: 'default' },
        spec: { mtls: { mode: 'Permissive' }, outbound: { policy: 'Allow' } },
      });
      accepted = await until('the settings are accepted', async () => {
        const found = await meshConfig();
        const condition = found?.status?.conditions?.find(({ type }) => type === 'Accepted');
        return condition?.observedGeneration === found?.metadata.generation ? found : undefined;
      });
    });
    after(() => mesh.api.delete(kinds.meshConfig, 'default'));

    const wrong: readonly (readonly [what: string, code: string, field: string, spec: object])[] = [
      [
        'an address that is no range',
        'WEFT-CRD-06',
        'spec.outbound.meshCIDRs[0]',
        { outbound: { meshCIDRs: ['10.96.0.1'] } },
      ],
      [
        'a range that does not begin at its first address',
        'WEFT-VAL-01',
        'spec.outbound.meshCIDRs[1]',
        { outbound: { meshCIDRs: ['10.96.0.0/16', '10.0.0.1/8'] } },
      ],
      [
        'a range of every address',
        'WEFT-VAL-02',
        'spec.outbound.meshCIDRs[0]',
        { outbound: { meshCIDRs: ['0.0.0.0/0'] } },
      ],
      ['an unknown mode', 'WEFT-CRD-04', 'spec.mtls.mode', { mtls: { mode: 'On' } }],
      ['an unknown policy', 'WEFT-CRD-05', 'spec.outbound.policy', { outbound: { policy: 'Block' } }],
      ['another trust domain', 'WEFT-CRD-03', 'spec.trustDomain', { trustDomain: 'corp.example' }],
    ];
    for (const [what, code, field, spec] of wrong) {
      test(`${what} is refused with ${code} at ${field}, and the settings stay`, async () => {
        const change = put(mesh.api, kinds.meshConfig, { metadata: { name: 'default' }, spec });
        await assert.rejects(change, refusal(code, field));
        const now = await meshConfig();
        assert.deepEqual(now?.spec, accepted.spec);
        assert.equal(now?.metadata.generation, accepted.metadata.generation);
        assert.deepEqual(now?.status, accepted.status);
      });
    }

    test('an object of another name is refused with WEFT-CRD-01', async () => {
      const create = put(mesh.api, kinds.meshConfig, { metadata: { name: 'other' }, spec: {} });
      await assert.rejects(create, /WEFT-CRD-01/);
      assert.equal(await mesh.api.get(kinds.meshConfig, 'other'), undefined);
    });
  });

  suite('MutualTLSPolicy', () => {
    const wrong: readonly (readonly [what: string, code: string, field: string, spec: object])[] = [
      [
        'both a selector and targetRefs',
        'WEFT-CRD-20',
        'spec',
        {
          mode: 'Strict',
          selector: { matchLabels: { app: 'a' } },
          targetRefs: [{ group: '', kind: 'Service', name: 'a' }],
        },
      ],
      [
        'a label that no pod can have',
        'WEFT-VAL-11',
        'spec.selector.matchLabels[app]',
        { mode: 'Strict', selector: { matchLabels: { app: 'not a label' } } },
      ],
    ];
    for (const [what, code, field, spec] of wrong) {
      test(`${what} is refused with ${code} at ${field}`, async () => {
        const create = put(mesh.api, kinds.mutualTLSPolicy, { metadata: { name: 'wrong', namespace }, spec });
        await assert.rejects(create, refusal(code, field));
        assert.equal(await mesh.api.get(kinds.mutualTLSPolicy, 'wrong', namespace), undefined);
      });
    }
  });

  suite('annotations of a pod', () => {
    const wrong: Readonly<Record<string, string>> = {
      cpu: 'much',
      'memory-limit': '1Mi',
      concurrency: '65',
      'log-level': 'loud',
      'exclude-inbound-ports': '80,http',
      'exclude-outbound-cidrs': '10.0.0.0/33',
      'drain-seconds': '-1',
      'drain-second': '5',
    };
    for (const [setting, value] of Object.entries(wrong)) {
      test(`proxy.weft.dev/${setting}: ${value} is refused with WEFT-POD-09 at its path`, async () => {
        const annotations = { [`proxy.weft.dev/${setting}`]: value };
        const create = mesh.api.create(kinds.pod, pod({ annotations }));
        await assert.rejects(
          create,
          refusal('WEFT-POD-09', `metadata.annotations[proxy.weft.dev/${setting}]`),
        );
        assert.equal(await mesh.api.get(kinds.pod, 'refused', namespace), undefined);
      });
    }
  });

  suite('requests to the webhook of a replica', () => {
    let call: WebhookClient;
    before(async () => {
      call = await webhookClient(mesh);
    });

    const review = (object: Manifest, apiVersion = 'admission.k8s.io/v1'): string =>
      JSON.stringify({
        apiVersion,
        kind: 'AdmissionReview',
        request: {
          uid: 'f0b1a2c3-0000-4000-8000-000000000001',
          kind: { group: '', version: 'v1', kind: 'Pod' },
          operation: 'CREATE',
          namespace,
          name: object.metadata.name,
          object,
        },
      });
    /** A pod whose JSON has `bytes` bytes and a little. */
    const large = (bytes: number): Manifest =>
      pod(
        { name: 'large' },
        {
          containers: [
            {
              name: 'app',
              image: mesh.image,
              imagePullPolicy: 'Never',
              env: Array.from({ length: bytes / 1024 }, (_, index) => ({
                name: `VALUE_${index}`,
                value: 'x'.repeat(1000),
              })),
            },
          ],
        },
      );
    /** A review that is right must still be answered after each one that was not. */
    const works = async (): Promise<void> => {
      const { status, body } = await call('/inject', review(pod({})));
      assert.equal(status, 200);
      assert.equal(body.response.allowed, true, JSON.stringify(body));
      const patch = Buffer.from(body.response.patch, 'base64').toString('utf8');
      assert.match(patch, /weft-proxy/);
    };

    test('a review of 1 MB is answered as a small one is', async () => {
      const text = review(large(1024 * 1024));
      assert.ok(text.length > 1024 * 1024);
      const { status, body } = await call('/inject', text);
      assert.equal(status, 200);
      assert.equal(body.response.allowed, true);
      assert.match(Buffer.from(body.response.patch, 'base64').toString('utf8'), /weft-proxy/);
    });

    test('a pod of 1 MB passes the API server', async () => {
      const created = await mesh.api.request<{ spec: { initContainers: { name: string }[] } }>(
        'POST',
        `/api/v1/namespaces/${namespace}/pods`,
        { query: { dryRun: 'All' }, body: large(1024 * 1024) },
      );
      assert.deepEqual(
        created.spec.initContainers.map(({ name }) => name),
        ['weft-redirect', 'weft-proxy'],
      );
    });

    test('one that is larger than any object is refused with WEFT-HOOK-03', async () => {
      const headers = {
        'content-type': 'application/json',
        'content-length': String(9 * 1024 * 1024),
      };
      const { status, body } = await call('/inject', '{', headers);
      assert.deepEqual([status, body.code], [413, 'WEFT-HOOK-03']);
      await works();
    });

    test('malformed JSON is refused with WEFT-HOOK-01', async () => {
      const { status, body } = await call('/inject', review(pod({})).slice(0, -5));
      assert.deepEqual([status, body.code], [400, 'WEFT-HOOK-01']);
      await works();
    });

    test('an empty body is refused with WEFT-HOOK-01', async () => {
      for (const path of ['/inject', '/validate']) {
        const { status, body } = await call(path, '');
        assert.deepEqual([status, body.code], [400, 'WEFT-HOOK-01'], path);
      }
      await works();
    });

    test('another content type is refused with WEFT-HOOK-01', async () => {
      const { status, body } = await call('/inject', review(pod({})), { 'content-type': 'application/yaml' });
      assert.deepEqual([status, body.code], [415, 'WEFT-HOOK-01']);
      await works();
    });

    test('another version of AdmissionReview is refused with WEFT-HOOK-02 at apiVersion', async () => {
      const { status, body } = await call('/inject', review(pod({}), 'admission.k8s.io/v1beta1'));
      assert.deepEqual([status, body.code, body.field], [400, 'WEFT-HOOK-02', 'apiVersion']);
      await works();
    });

    test('a review of another kind is refused with WEFT-HOOK-02 at request.kind', async () => {
      const { status, body } = await call('/validate', review(pod({})));
      assert.deepEqual([status, body.code, body.field], [400, 'WEFT-HOOK-02', 'request.kind']);
      await works();
    });

    test('a path that does not exist is answered 404 with WEFT-HOOK-04', async () => {
      const { status, body } = await call('/mutate', review(pod({})));
      assert.deepEqual([status, body.code], [404, 'WEFT-HOOK-04']);
    });
  });
});
