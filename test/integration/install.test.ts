/**
 * The chart and the CRDs on a real API server: install, upgrade, uninstall, what the schemas fill in and what they
 * refuse, and what the control plane's account may do. No node runs here; pods are for the end-to-end tests.
 */

import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { type ApiServer, ensureBinary, startApiServer } from '../../dev/cluster/cluster.ts';
import { type CommandResult, run, tryRun } from '../../dev/command.ts';
import { wait } from '../../src/base/backoff.ts';

const chart = new URL('../../charts/weft', import.meta.url).pathname;
const namespace = 'weft-system';
let server: ApiServer;
let programs = { helm: '', kubectl: '' };
let work = '';

// An object of the API is read as far as a test needs it.
type Json = any;

before(async () => {
  programs = {
    helm: await ensureBinary('helm', console.log),
    kubectl: await ensureBinary('kubectl', console.log),
  };
  server = await startApiServer({ withControllers: true, log: console.log });
  work = await mkdtemp(join(tmpdir(), 'weft-install-'));
});
after(async () => {
  await server?.stop();
  await rm(work, { recursive: true, force: true });
});

function kubectl(...argv: readonly string[]): Promise<string> {
  return run([programs.kubectl, '--kubeconfig', server.kubeconfigPath, ...argv]);
}

function tryApply(object: unknown): Promise<CommandResult> {
  const argv = [
    programs.kubectl,
    '--kubeconfig',
    server.kubeconfigPath,
    'apply',
    '--server-side',
    '--force-conflicts',
    '-f',
    '-',
  ];
  return tryRun(argv, { input: JSON.stringify(object) });
}

function helm(...argv: readonly string[]): Promise<string> {
  return run([programs.helm, '--kubeconfig', server.kubeconfigPath, '--namespace', namespace, ...argv]);
}

/** Asks until the answer is yes, for at most half a minute. */
async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!(await ask())) {
    assert.ok(performance.now() < deadlineMs, `${what}: not within 30 s`);
    await wait(100);
  }
}

async function get(...argv: readonly string[]): Promise<Json> {
  return JSON.parse(await kubectl('get', ...argv, '--output', 'json'));
}

/** The chart as an earlier release might have been: without one field. */
async function olderChart(): Promise<string> {
  const older = join(work, 'older');
  await cp(chart, older, { recursive: true });
  const file = join(older, 'files/crds/weft.dev_meshconfigs.yaml');
  const crd = parse(await readFile(file, 'utf8'));
  delete crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.outbound;
  // As Helm reads YAML, where a bare Off is no string.
  await writeFile(file, stringify(crd, { version: '1.1' }));
  return older;
}

async function meshConfigFields(): Promise<readonly string[]> {
  const crd = await get('crd', 'meshconfigs.weft.dev');
  return Object.keys(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties);
}

test('a first install brings the CRDs and, where values ask for it, the MeshConfig', async () => {
  await helm('install', 'weft', await olderChart(), '--create-namespace', '--set', 'mesh.mtls.mode=Strict');
  assert.ok(!(await meshConfigFields()).includes('outbound'));
  const config = await get('meshconfig', 'default');
  assert.equal(config.spec.mtls.mode, 'Strict');
});

test('an upgrade updates the CRDs and keeps the MeshConfig that the install made', async () => {
  const made = await get('meshconfig', 'default');
  await helm('upgrade', 'weft', chart, '--set', 'mesh.mtls.mode=Strict');
  assert.ok((await meshConfigFields()).includes('outbound'));
  const now = await get('meshconfig', 'default');
  assert.equal(now.metadata.uid, made.metadata.uid);
});

test('values of the mesh that changed since the first install are settled by the command that Helm 3 asks for', async () => {
  const values = ['--set', 'mesh.mtls.mode=Permissive'];
  const refusal = await helm('upgrade', 'weft', chart, ...values).catch((error: Error) => error.message);
  const patch = /--patch '(.+)'/.exec(refusal)?.[1];
  assert.ok(patch !== undefined, refusal);
  await kubectl('patch', 'meshconfig', 'default', '--type', 'merge', '--patch', patch);
  await helm('upgrade', 'weft', chart, ...values);
  assert.equal((await get('meshconfig', 'default')).spec.mtls.mode, 'Permissive');
  // From now on it is an object like any other.
  await helm('upgrade', 'weft', chart, '--set', 'mesh.mtls.mode=Disabled');
  assert.equal((await get('meshconfig', 'default')).spec.mtls.mode, 'Disabled');
  await helm('upgrade', 'weft', chart, '--reset-values');
  assert.equal(await kubectl('get', 'meshconfig', '--output', 'name'), '');
});

test('the API server finds every schema structural and establishes every kind', async () => {
  const { items } = await get('crd');
  const ours = items.filter((crd: Json) => crd.spec.group === 'weft.dev');
  assert.equal(ours.length, 4);
  for (const crd of ours) {
    const holds = crd.status.conditions.filter((condition: Json) => condition.status === 'True');
    const types = holds.map((condition: Json) => condition.type).sort();
    assert.deepEqual(types, ['Established', 'NamesAccepted'], crd.metadata.name);
  }
});

test('all kinds are listed by the category and found by their short names', async () => {
  assert.equal((await tryApply(meshConfig({}))).code, 0);
  const listed = await kubectl('get', 'weft', '--all-namespaces', '--output', 'name');
  assert.equal(listed.trim(), 'meshconfig.weft.dev/default');
  assert.match(await kubectl('get', 'mcfg'), /TRUST DOMAIN\s+MTLS\s+OUTBOUND/);
  await kubectl('get', 'wca', '--all-namespaces');
  await kubectl('get', 'mtls', '--all-namespaces');
});

const meshConfig = (spec: object, name = 'default'): object => ({
  apiVersion: 'weft.dev/v1alpha1',
  kind: 'MeshConfig',
  metadata: { name },
  spec,
});
const authority = (spec: object): object => ({
  apiVersion: 'weft.dev/v1alpha1',
  kind: 'CertificateAuthority',
  metadata: { name: 'default' },
  spec,
});
const policy = (spec: object): object => ({
  apiVersion: 'weft.dev/v1alpha1',
  kind: 'MutualTLSPolicy',
  metadata: { name: 'test', namespace: 'default' },
  spec,
});

test('defaults are filled in', async () => {
  await kubectl('delete', 'meshconfig', 'default');
  assert.equal((await tryApply({ ...meshConfig({}), spec: undefined })).code, 0);
  assert.deepEqual((await get('meshconfig', 'default')).spec, {
    trustDomain: 'cluster.local',
    mtls: { mode: 'Permissive' },
    outbound: { policy: 'Allow' },
    proxy: {
      concurrency: 1,
      drainSeconds: 5,
      logLevel: 'warning',
      resources: { requests: { cpu: '10m', memory: '64Mi' } },
      scrape: true,
    },
  });
  assert.equal((await tryApply({ ...authority({}), spec: undefined })).code, 0);
  assert.deepEqual((await get('certificateauthority', 'default')).spec, {
    rootLifetime: '87600h',
    intermediateLifetime: '8760h',
    workloadLifetime: '24h',
    servingLifetime: '720h',
  });
});

const service = { group: '', kind: 'Service', name: 'a' };
const refusals: readonly (readonly [code: string, field: string, object: object])[] = [
  ['WEFT-CRD-01', 'MeshConfig', meshConfig({}, 'other')],
  ['WEFT-CRD-02', 'spec.trustDomain', meshConfig({ trustDomain: 'spiffe://Corp' })],
  ['WEFT-CRD-03', 'spec.trustDomain', meshConfig({ trustDomain: 'corp.example' })],
  ['WEFT-CRD-04', 'spec.mtls.mode', meshConfig({ mtls: { mode: 'STRICT' } })],
  ['WEFT-CRD-05', 'spec.outbound.policy', meshConfig({ outbound: { policy: 'REGISTRY_ONLY' } })],
  ['WEFT-CRD-06', 'spec.outbound.meshCIDRs[0]', meshConfig({ outbound: { meshCIDRs: ['10.0.0.1'] } })],
  ['WEFT-CRD-07', 'spec.proxy.image', meshConfig({ proxy: { image: 'https://x y' } })],
  ['WEFT-CRD-07', 'spec.proxy.redirectImage', meshConfig({ proxy: { redirectImage: '' } })],
  ['WEFT-CRD-08', 'spec.proxy.imagePullPolicy', meshConfig({ proxy: { imagePullPolicy: 'always' } })],
  [
    'WEFT-CRD-09',
    'spec.proxy.resources.requests.memory',
    meshConfig({ proxy: { resources: { requests: { memory: '64MB' } } } }),
  ],
  ['WEFT-CRD-10', 'spec.proxy.logLevel', meshConfig({ proxy: { logLevel: 'warn' } })],
  ['WEFT-CRD-11', 'spec.proxy.concurrency', meshConfig({ proxy: { concurrency: 0 } })],
  ['WEFT-CRD-12', 'spec.proxy.drainSeconds', meshConfig({ proxy: { drainSeconds: 4000 } })],
  [
    'WEFT-CRD-13',
    'spec.proxy.resources.limits.memory',
    meshConfig({ proxy: { resources: { limits: { memory: '1Mi' } } } }),
  ],
  [
    'WEFT-CRD-20',
    'spec',
    policy({ mode: 'Strict', targetRefs: [service], selector: { matchLabels: { a: 'b' } } }),
  ],
  ['WEFT-CRD-04', 'spec.mode', policy({ mode: 'strict' })],
  [
    'WEFT-CRD-21',
    'spec.targetRefs[0].kind',
    policy({ mode: 'Strict', targetRefs: [{ group: 'apps/v1', kind: 'Deployment', name: 'a' }] }),
  ],
  ['WEFT-CRD-22', 'spec.selector.matchLabels', policy({ mode: 'Strict', selector: { matchLabels: {} } })],
  ['WEFT-CRD-30', 'spec.workloadLifetime', authority({ workloadLifetime: '30m' })],
  ['WEFT-CRD-30', 'spec.rootLifetime', authority({ rootLifetime: '10y' })],
  ['WEFT-CRD-30', 'spec.rootLifetime', authority({ rootLifetime: '' })],
  ['WEFT-CRD-31', 'spec', authority({ intermediateLifetime: '48h' })],
];

for (const [code, field, object] of refusals) {
  const { kind, spec } = object as Json;
  test(`${kind} ${JSON.stringify(spec)} is refused with ${code} at ${field}`, async () => {
    const { code: exitCode, stderr } = await tryApply(object);
    assert.notEqual(exitCode, 0);
    assert.ok(stderr.includes(code), stderr);
    assert.ok(stderr.includes(field), stderr);
  });
}

test('every kind of target is accepted, each once', async () => {
  const targets = [
    service,
    ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind) => ({
      group: 'apps',
      kind,
      name: 'a',
    })),
    { group: 'batch', kind: 'Job', name: 'a' },
  ];
  assert.equal((await tryApply(policy({ mode: 'Strict', targetRefs: targets }))).code, 0);
  assert.notEqual((await tryApply(policy({ mode: 'Strict', targetRefs: [service, service] }))).code, 0);
});

test('a complete MeshConfig is accepted', async () => {
  const { code, stderr } = await tryApply(
    meshConfig({
      mtls: { mode: 'Strict' },
      outbound: { policy: 'Deny', meshCIDRs: ['10.96.0.0/16', 'fd00:10::/64'] },
      proxy: {
        image: 'registry.example:5000/envoy@sha256:0123456789abcdef',
        redirectImage: 'localhost/weft/redirect:dev',
        imagePullPolicy: 'Never',
        resources: { requests: { cpu: '0.1' }, limits: { cpu: '1', memory: '128Mi' } },
        logLevel: 'info',
        concurrency: 4,
        drainSeconds: 30,
      },
    }),
  );
  assert.equal(code, 0, stderr);
});

type Action = readonly [verb: string, resource: string, where?: { namespace?: string; name?: string }];

const mayDo: readonly Action[] = [
  ['watch', 'pods'],
  ['watch', 'endpointslices.discovery.k8s.io'],
  ['watch', 'servicecidrs.networking.k8s.io'],
  ['watch', 'httproutes.gateway.networking.k8s.io'],
  ['create', 'certificateauthorities.weft.dev'],
  ['create', 'configmaps', { namespace }],
  ['patch', 'httproutes/status.gateway.networking.k8s.io'],
  ['patch', 'xbackendtrafficpolicies/status.gateway.networking.x-k8s.io'],
  ['patch', 'meshconfigs/status.weft.dev'],
  ['update', 'podcertificaterequests/status.certificates.k8s.io'],
  ['sign', 'signers.certificates.k8s.io', { name: 'weft.dev/workload' }],
  ['attest', 'signers.certificates.k8s.io', { name: 'weft.dev/workload' }],
  ['create', 'clustertrustbundles.certificates.k8s.io'],
  ['create', 'mutatingwebhookconfigurations.admissionregistration.k8s.io'],
  ['create', 'events.events.k8s.io'],
  ['create', 'apiservices.apiregistration.k8s.io'],
  ['delete', 'apiservices.apiregistration.k8s.io', { name: 'v1alpha1.observe.weft.dev' }],
  ['create', 'subjectaccessreviews.authorization.k8s.io'],
  ['get', 'configmaps', { namespace: 'kube-system', name: 'extension-apiserver-authentication' }],
  ['update', 'clusterroles.rbac.authorization.k8s.io', { name: 'weft-webhooks' }],
  ['get', 'secrets', { namespace, name: 'weft-ca' }],
  ['create', 'leases.coordination.k8s.io', { namespace }],
  // For certificates of gateways, wherever they are; `gateways.enabled: false` takes it away (chart.test.ts).
  ['list', 'secrets', { namespace: 'default' }],
];
const mayNotDo: readonly Action[] = [
  ['get', 'secrets', { namespace, name: 'other' }],
  ['get', 'secrets', { namespace: 'default', name: 'weft-ca' }],
  ['update', 'secrets', { namespace: 'default' }],
  ['update', 'apiservices.apiregistration.k8s.io', { name: 'v1.apps' }],
  ['update', 'configmaps', { namespace: 'kube-system', name: 'extension-apiserver-authentication' }],
  ['create', 'pods'],
  ['create', 'configmaps', { namespace: 'default' }],
  ['update', 'httproutes.gateway.networking.k8s.io'],
  ['update', 'meshconfigs.weft.dev'],
  ['update', 'podcertificaterequests.certificates.k8s.io'],
  ['sign', 'signers.certificates.k8s.io', { name: 'kubernetes.io/kube-apiserver-client' }],
  ['delete', 'mutatingwebhookconfigurations.admissionregistration.k8s.io', { name: 'other' }],
  ['update', 'clusterroles.rbac.authorization.k8s.io', { name: 'weft' }],
  ['bind', 'clusterroles.rbac.authorization.k8s.io', { name: 'weft-webhooks' }],
];

/** Asks the API server whether a user may; a resource is `plural[/subresource][.group]`. */
async function mayUser(user: string, [verb, resource, where = {}]: Action): Promise<boolean> {
  const [, plural, subresource, group] = /^(\w+)(?:\/(\w+))?(?:\.(.+))?$/.exec(resource) ?? [];
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user,
      groups: ['system:authenticated'],
      resourceAttributes: { verb, resource: plural, subresource, group, ...where },
    },
  };
  const argv = [
    programs.kubectl,
    '--kubeconfig',
    server.kubeconfigPath,
    'create',
    '-f',
    '-',
    '--output',
    'json',
  ];
  return JSON.parse(await run(argv, { input: JSON.stringify(review) })).status.allowed;
}

test('the control plane may do what it has to, and nothing next to it', async () => {
  const account = `system:serviceaccount:${namespace}:weft`;
  for (const action of mayDo) assert.equal(await mayUser(account, action), true, JSON.stringify(action));
  for (const action of mayNotDo) assert.equal(await mayUser(account, action), false, JSON.stringify(action));
});

test('people who may edit a namespace may edit its policies, and not the mesh', async () => {
  await kubectl('create', 'rolebinding', 'ada', '--clusterrole=edit', '--user=ada', '--namespace=default');
  const policies: Action = ['create', 'mutualtlspolicies.weft.dev', { namespace: 'default' }];
  // The controller-manager adds up the built-in roles a moment after a ClusterRole with the label appears.
  await until('edit includes policies', () => mayUser('ada', policies));
  assert.equal(await mayUser('ada', ['update', 'meshconfigs.weft.dev']), false);
});

test('people who may view a namespace see its traffic, and neither its requests nor the insides of its proxies', async () => {
  await kubectl('create', 'rolebinding', 'bob', '--clusterrole=view', '--user=bob', '--namespace=default');
  const here = { namespace: 'default' };
  await until('view includes traffic', () => mayUser('bob', ['list', 'stat.observe.weft.dev', here]));
  assert.equal(await mayUser('bob', ['list', 'stat.observe.weft.dev', { namespace: 'other' }]), false);
  assert.equal(await mayUser('bob', ['list', 'ui.observe.weft.dev']), true);
  for (const action of [
    ['watch', 'taps.observe.weft.dev', here],
    ['get', 'proxies/config.observe.weft.dev', here],
    ['create', 'proxies/logging.observe.weft.dev', here],
  ] as const) {
    assert.equal(await mayUser('bob', action), false, action[1]);
  }
  await kubectl(
    'create',
    'rolebinding',
    'bob-taps',
    '--clusterrole=weft-tap',
    '--user=bob',
    '--namespace=default',
  );
  await until('the binding counts', () => mayUser('bob', ['watch', 'taps.observe.weft.dev', here]));
  assert.equal(await mayUser('bob', ['watch', 'taps/bodies.observe.weft.dev', here]), false);
});

test('uninstall removes what the webhook objects hang on, and keeps the CRDs', async () => {
  const owner = await get('clusterrole', 'weft-webhooks');
  const { code, stderr } = await tryApply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: {
      name: 'weft',
      ownerReferences: [
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          name: 'weft-webhooks',
          uid: owner.metadata.uid,
        },
      ],
    },
    webhooks: [
      {
        name: 'inject.weft.dev',
        clientConfig: { service: { namespace, name: 'weft' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
  assert.equal(code, 0, stderr);
  await helm('uninstall', 'weft');
  const webhook = ['get', 'mutatingwebhookconfiguration', 'weft', '--ignore-not-found', '--output', 'name'];
  await until('the webhook object is gone', async () => (await kubectl(...webhook)) === '');
  const left = await kubectl('get', 'clusterrole,clusterrolebinding', '--output', 'name');
  assert.ok(!/\/weft(-webhooks)?$/m.test(left), left);
  assert.equal((await kubectl('get', 'crd', '--output', 'name')).match(/weft\.dev/g)?.length, 4);
});

test('a new install takes the CRDs and objects that were left into its care', async () => {
  const refusal = await helm('install', 'weft', await olderChart()).catch((error: Error) => error.message);
  assert.match(refusal, /from another release of Weft/);
  await helm('install', 'weft', chart);
  assert.equal((await get('meshconfig', 'default')).spec.proxy.concurrency, 4);
  await helm('uninstall', 'weft');
});
