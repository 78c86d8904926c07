/**
 * The chart without a cluster: it lints, it renders with defaults and with every value set, its schema refuses what
 * makes no sense, and what it renders keeps the promises of the room (least privilege, restricted security context).
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import { parseAllDocuments, parse } from 'yaml';
import { type CommandResult, run, tryRun } from '../../dev/command.ts';
import { ensureBinary } from '../../dev/cluster/binaries.ts';
import { flags } from '../../src/settings.ts';

const chart = new URL('../../charts/weft/', import.meta.url).pathname;
let helm = '';

// A rendered object is read as far as a test needs it; its shape is Kubernetes' own.
type Rendered = any;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

before(async () => {
  helm = await ensureBinary('helm', console.log);
});

function tryTemplate(values: unknown, extra: readonly string[] = []): Promise<CommandResult> {
  const argv = [helm, 'template', 'weft', chart, '--namespace', 'weft-system', '--values', '-', ...extra];
  return tryRun(argv, { input: JSON.stringify(values) });
}

async function template(values: unknown = {}, extra: readonly string[] = []): Promise<readonly Rendered[]> {
  const { code, stdout, stderr } = await tryTemplate(values, extra);
  assert.equal(code, 0, stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}

function find(objects: readonly Rendered[], kind: string, name = 'weft'): Rendered {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found !== undefined, `${kind} ${name} is not rendered`);
  return found;
}

function isCrd(object: Rendered): boolean {
  return object.kind === 'CustomResourceDefinition';
}

const everything = {
  replicas: 3,
  image: {
    repository: 'registry.example/weft',
    tag: 'v9',
    digest: `sha256:${'a'.repeat(64)}`,
    pullPolicy: 'Always',
  },
  imagePullSecrets: [{ name: 'registry' }],
  proxy: { image: 'registry.example/envoy:v1' },
  redirect: { image: 'registry.example/redirect:v1' },
  logLevel: 'debug',
  identities: 'sds',
  gateways: { enabled: false, className: 'edge' },
  api: { aggregate: false },
  telemetry: { maxSeries: 50_000, memoryMiB: 256 },
  resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: 2, memory: '2Gi' } },
  nodeSelector: { pool: 'system' },
  tolerations: [{ key: 'system', operator: 'Exists' }],
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
  priorityClassName: 'system-cluster-critical',
  podAnnotations: { a: 'b' },
  podLabels: { c: 'd' },
  prometheus: {
    scrape: false,
    podMonitor: { enabled: true, proxies: true, interval: '30s', labels: { release: 'prometheus' } },
    dashboards: { enabled: true, labels: { grafana_dashboard: 'yes' } },
  },
  serviceAccount: { annotations: { e: 'f' } },
  crds: { install: true, keep: false },
  rbac: { aggregate: false },
  mesh: {
    trustDomain: 'corp.example',
    mtls: { mode: 'Strict' },
    outbound: { policy: 'Deny', meshCIDRs: ['10.0.0.0/8', 'fd00::/8'] },
    proxy: {
      image: 'registry.example/envoy:v2',
      redirectImage: 'registry.example/redirect:v2',
      imagePullPolicy: 'Never',
      resources: { requests: { cpu: '20m', memory: '80Mi' }, limits: { cpu: '1', memory: '256Mi' } },
      logLevel: 'info',
      concurrency: 2,
      drainSeconds: 10,
      scrape: false,
    },
  },
};

test('the chart passes helm lint, warnings counting as failures', async () => {
  await run([helm, 'lint', '--strict', chart]);
});

test('the values used for "everything" name every value of the chart', async () => {
  const defaults = parse(await readFile(`${chart}values.yaml`, 'utf8')) as Record<string, unknown>;
  assert.deepEqual(Object.keys(everything).sort(), Object.keys(defaults).sort());
});

test('the schema describes exactly the values that there are', async () => {
  const defaults = parse(await readFile(`${chart}values.yaml`, 'utf8')) as Record<string, unknown>;
  const schema = JSON.parse(await readFile(`${chart}values.schema.json`, 'utf8'));
  const described = Object.keys(schema.properties).filter((name) => name !== 'global');
  assert.deepEqual(described.sort(), Object.keys(defaults).sort());
});

test('the schema and the MeshConfig CRD know the same fields', async () => {
  const schema = JSON.parse(await readFile(`${chart}values.schema.json`, 'utf8'));
  const crd = parse(await readFile(`${chart}files/crds/weft.dev_meshconfigs.yaml`, 'utf8'));
  const fieldsOf = (node: Rendered): Rendered =>
    node.properties === undefined
      ? true
      : Object.fromEntries(
          Object.entries(node.properties)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, child]) => [name, fieldsOf(child)]),
        );
  const spec = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec;
  assert.deepEqual(fieldsOf(schema.properties.mesh), fieldsOf(spec));
});

test('with defaults there are two replicas that avoid one another, and a disruption budget', async () => {
  const objects = await template();
  const { spec } = find(objects, 'Deployment');
  assert.equal(spec.replicas, 2);
  const [preference] =
    spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
  assert.deepEqual(preference.podAffinityTerm.labelSelector, spec.selector);
  assert.deepEqual(find(objects, 'PodDisruptionBudget').spec.selector, spec.selector);
  assert.equal(find(objects, 'PodDisruptionBudget').spec.maxUnavailable, 1);
});

test('the control plane passes the restricted pod security standard and cannot write to its root', async () => {
  const pod = find(await template(), 'Deployment').spec.template.spec;
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
  for (const container of pod.containers) {
    assert.equal(container.securityContext.allowPrivilegeEscalation, false);
    assert.equal(container.securityContext.readOnlyRootFilesystem, true);
    assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] });
  }
  assert.equal(pod.volumes, undefined);
  assert.equal(pod.hostNetwork, undefined);
});

test('every flag the chart passes is one the control plane knows, with a value it accepts', async () => {
  for (const values of [{}, everything]) {
    const [container] = find(await template(values), 'Deployment').spec.template.spec.containers;
    const provided = new Map<string, string>(
      (container.args as string[]).map((argument) => {
        const [, name = '', value = ''] = /^--([a-z-]+)=(.*)$/.exec(argument) ?? [];
        return [name, value];
      }),
    );
    for (const [name, value] of provided) {
      const flag = flags.find((candidate) => candidate.name === name);
      assert.ok(flag !== undefined, `--${name}`);
      if (!value.startsWith('$(')) assert.match(value, flag.pattern ?? /./, `--${name}=${value}`);
    }
    const variables = container.env.map((variable: Rendered) => `$(${variable.name})`);
    const used = [...provided.values()].filter((value) => value.startsWith('$('));
    assert.deepEqual(used.sort(), variables.sort());
  }
});

test('the Service reaches the ports that the control plane listens on', async () => {
  const objects = await template();
  const [container] = find(objects, 'Deployment').spec.template.spec.containers;
  const targets = new Map(container.ports.map((port: Rendered) => [port.name, port.containerPort]));
  const ports = find(objects, 'Service').spec.ports.map((port: Rendered) => [
    port.port,
    targets.get(port.targetPort),
  ]);
  assert.deepEqual(ports, [
    [443, 9443],
    [15010, 15010],
    [9444, 9444],
    [9090, 9090],
  ]);
});

test('the default image of the redirect container is of the same release as the control plane', async () => {
  const { appVersion } = parse(await readFile(`${chart}Chart.yaml`, 'utf8')) as { appVersion: string };
  const pod = find(await template(), 'Deployment').spec.template.spec;
  assert.ok(pod.containers[0].args.includes(`--redirect-image=weft/redirect:${appVersion}`));
  assert.equal(pod.containers[0].image, `weft/weft:${appVersion}`);
});

test('values reach the place they are meant for', async () => {
  const objects = await template(everything);
  const deployment = find(objects, 'Deployment');
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;
  assert.equal(deployment.spec.replicas, 3);
  assert.equal(container.image, `registry.example/weft@sha256:${'a'.repeat(64)}`);
  assert.equal(container.imagePullPolicy, 'Always');
  assert.deepEqual(pod.imagePullSecrets, [{ name: 'registry' }]);
  assert.deepEqual(container.resources, everything.resources);
  assert.deepEqual(pod.nodeSelector, { pool: 'system' });
  assert.deepEqual(pod.tolerations, everything.tolerations);
  assert.deepEqual(pod.affinity, everything.affinity);
  assert.equal(pod.priorityClassName, 'system-cluster-critical');
  assert.deepEqual(deployment.spec.template.metadata.annotations, { a: 'b' });
  assert.equal(deployment.spec.template.metadata.labels.c, 'd');
  assert.ok(container.args.includes('--proxy-image=registry.example/envoy:v1'));
  assert.ok(container.args.includes('--redirect-image=registry.example/redirect:v1'));
  assert.ok(container.args.includes('--image-pull-policy=Always'));
  assert.ok(container.args.includes('--log-level=debug'));
  assert.deepEqual(find(objects, 'ServiceAccount').metadata.annotations, { e: 'f' });
  assert.ok(!objects.some((object) => object.metadata.name === 'weft-edit'));
});

test('the Prometheus operator and Grafana are served where they are there, and only then', async () => {
  const plain = await template();
  assert.ok(!plain.some(({ kind }) => kind === 'PodMonitor' || kind === 'ConfigMap'));
  const objects = await template(everything);
  for (const name of ['weft', 'weft-proxies']) {
    const monitor = find(objects, 'PodMonitor', name);
    assert.equal(monitor.metadata.labels.release, 'prometheus');
    assert.equal(monitor.spec.podMetricsEndpoints[0].interval, '30s');
  }
  const { ports } = find(objects, 'Deployment').spec.template.spec.containers[0];
  const [own] = find(objects, 'PodMonitor').spec.podMetricsEndpoints;
  assert.ok(ports.some((port: { name: string }) => port.name === own.port));
  const dashboard = find(objects, 'ConfigMap', 'weft-mesh-dashboard');
  assert.equal(dashboard.metadata.labels.grafana_dashboard, 'yes');
  assert.equal(JSON.parse(dashboard.data['weft-mesh.json']).title, 'Weft: mesh');
  const alone = { prometheus: { podMonitor: { enabled: true, proxies: false } } };
  const monitors = (await template(alone)).filter(({ kind }) => kind === 'PodMonitor');
  assert.deepEqual(
    monitors.map(({ metadata }) => metadata.name),
    ['weft'],
  );
});

test('pods carry the scrape annotations unless told otherwise', async () => {
  const { annotations } = find(await template(), 'Deployment').spec.template.metadata;
  assert.equal(annotations['prometheus.io/port'], '9090');
});

test('the control plane never asks for a proxy of its own', async () => {
  const { labels } = find(await template(), 'Deployment').spec.template.metadata;
  assert.equal(labels['weft.dev/inject'], 'disabled');
});

test('CRDs are ordinary objects of the release, so that an upgrade updates them, and stay on uninstall', async () => {
  const crds = (await template()).filter(isCrd);
  assert.equal(crds.length, 4);
  for (const crd of crds) {
    assert.equal(crd.metadata.annotations['helm.sh/resource-policy'], 'keep');
    assert.equal(crd.metadata.annotations['helm.sh/hook'], undefined);
    const source = await readFile(
      `${chart}files/crds/${crd.spec.group}_${crd.spec.names.plural}.yaml`,
      'utf8',
    );
    assert.deepEqual(crd.spec, parse(source).spec);
  }
});

test('CRDs go with the release, or are left to others, when told so', async () => {
  const removable = (await template({ crds: { keep: false } })).filter(isCrd);
  assert.equal(removable.length, 4);
  assert.ok(removable.every((crd) => crd.metadata.annotations['helm.sh/resource-policy'] === undefined));
  assert.equal((await template({ crds: { install: false } })).filter(isCrd).length, 0);
});

test('a MeshConfig comes only from values, as a hook where its kind is not there yet', async () => {
  assert.ok(!(await template()).some((object) => object.kind === 'MeshConfig'));
  const first = find(await template(everything), 'MeshConfig', 'default');
  assert.deepEqual(first.spec, everything.mesh);
  assert.equal(first.metadata.annotations['helm.sh/hook'], 'post-install');
  assert.equal(first.metadata.annotations['meta.helm.sh/release-name'], 'weft');
  assert.equal(first.metadata.labels['app.kubernetes.io/managed-by'], 'Helm');
  const later = find(
    await template(everything, ['--api-versions', 'weft.dev/v1alpha1/MeshConfig']),
    'MeshConfig',
    'default',
  );
  assert.equal(later.metadata.annotations, undefined);
});

const refusals: readonly (readonly [string, unknown])[] = [
  ['/replicas', { replicas: 0 }],
  ['/replicas', { replicas: 'two' }],
  ['/logLevel', { logLevel: 'loud' }],
  ['/image/pullPolicy', { image: { pullPolicy: 'Sometimes' } }],
  ['/image/digest', { image: { digest: 'abc' } }],
  ['/proxy/image', { proxy: { image: '' } }],
  ["additional properties 'replicaCount'", { replicaCount: 3 }],
  ['/mesh/mtls/mode', { mesh: { mtls: { mode: 'strict' } } }],
  ['/mesh/trustDomain', { mesh: { trustDomain: 'Corp Example' } }],
  ['/mesh/proxy/concurrency', { mesh: { proxy: { concurrency: 0 } } }],
  ["additional properties 'traces'", { mesh: { telemetry: { traces: {} } } }],
  ['/mesh/outbound/meshCIDRs/0', { mesh: { outbound: { meshCIDRs: ['10.0.0.1'] } } }],
];

for (const [where, values] of refusals) {
  test(`the schema refuses ${JSON.stringify(values)} and names the place`, async () => {
    const { code, stderr } = await tryTemplate(values);
    assert.notEqual(code, 0);
    assert.ok(stderr.includes(where), stderr);
  });
}

test('every RBAC rule states its reason right above it', async () => {
  for (const file of ['clusterrole.yaml', 'role.yaml', 'gateways.yaml']) {
    const lines = (await readFile(`${chart}templates/${file}`, 'utf8')).split('\n');
    lines.forEach((line, index) => {
      if (!line.startsWith('  - apiGroups:')) return;
      // A rule may share the reason of the rule before it when both stand under one comment.
      const previous = lines
        .slice(0, index)
        .findLastIndex((other) => other.startsWith('  #') || other === 'rules:');
      const between = lines.slice(previous + 1, index).filter((other) => other.startsWith('  - apiGroups:'));
      assert.ok(lines[previous]?.startsWith('  #') && between.length <= 1, `${file}:${index + 1}`);
    });
  }
});

test('without gateways the control plane is granted no wildcard, no reading of Secrets but its own, no writing of workloads', async () => {
  const objects = await template({ gateways: { enabled: false } });
  assert.ok(!objects.some(({ metadata }) => metadata.name === 'weft-gateways'));
  const [container] = find(objects, 'Deployment').spec.template.spec.containers;
  assert.ok(container.args.includes('--gateways=disabled'));
  const cluster: readonly Rule[] = find(objects, 'ClusterRole').rules;
  const own: readonly Rule[] = find(objects, 'Role').rules;
  for (const rule of [...cluster, ...own]) {
    for (const list of [rule.apiGroups, rule.resources, rule.verbs, rule.resourceNames ?? []]) {
      assert.ok(!list.includes('*'), JSON.stringify(rule));
    }
  }
  assert.ok(!cluster.some((rule) => rule.resources.includes('secrets')));
  const reading = own.filter((rule) => rule.resources.includes('secrets') && rule.verbs.includes('get'));
  assert.deepEqual(
    reading.map((rule) => rule.resourceNames),
    [['weft-ca']],
  );
  const writing = cluster.filter(
    (rule) => rule.apiGroups.includes('') && rule.verbs.some((verb) => verb !== 'get'),
  );
  assert.deepEqual(new Set(writing.flatMap((rule) => rule.verbs)), new Set(['get', 'list', 'watch']));
  const signers = cluster.filter((rule) => rule.resources.includes('signers'));
  assert.deepEqual(
    signers.map((rule) => rule.resourceNames),
    [['weft.dev/workload']],
  );
});

test('gateways need rights of their own, none of them to read what is not asked for or to write what users make', async () => {
  const rules: readonly Rule[] = find(await template(), 'ClusterRole', 'weft-gateways').rules;
  const verbsOf = (resource: string): readonly string[] =>
    rules.filter((rule) => rule.resources.includes(resource)).flatMap((rule) => rule.verbs);
  assert.ok(
    !rules.some((rule) => [rule.apiGroups, rule.resources, rule.verbs].some((list) => list.includes('*'))),
  );
  assert.deepEqual(verbsOf('secrets'), ['list', 'watch']);
  assert.deepEqual(verbsOf('configmaps'), ['list', 'watch']);
  for (const kind of ['gatewayclasses', 'gateways', 'listenersets', 'backendtlspolicies']) {
    assert.deepEqual(verbsOf(kind), ['get', 'list', 'watch'], kind);
    assert.deepEqual(verbsOf(`${kind}/status`), ['patch'], kind);
  }
});

test('there is a GatewayClass where the cluster knows the kind, unless told otherwise', async () => {
  const known = ['--api-versions', 'gateway.networking.k8s.io/v1/GatewayClass'];
  const classes = async (values: unknown, extra: readonly string[]): Promise<readonly string[]> =>
    (await template(values, extra))
      .filter(({ kind }) => kind === 'GatewayClass')
      .map(({ metadata, spec }) => `${metadata.name} ${spec.controllerName}`);
  assert.deepEqual(await classes({}, known), ['weft weft.dev/mesh']);
  assert.deepEqual(await classes({ gateways: { className: 'edge' } }, known), ['edge weft.dev/mesh']);
  assert.deepEqual(await classes({ gateways: { className: '' } }, known), []);
  assert.deepEqual(await classes({ gateways: { enabled: false } }, known), []);
  assert.deepEqual(await classes({}, []), []);
});

test('what owns the webhook objects is in the release', async () => {
  const objects = await template();
  const [container] = find(objects, 'Deployment').spec.template.spec.containers;
  const owner = container.args.find((argument: string) => argument.startsWith('--owner=')).split('=')[1];
  find(objects, 'ClusterRole', owner);
});
