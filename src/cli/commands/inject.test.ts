import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { testContext } from '../../webhook/inject/testing.ts';
import { injectYaml } from './inject.ts';
import { uninjectYaml } from './uninject.ts';

const settings = testContext();

const manifest = `# The shop's front.
apiVersion: v1
kind: Service
metadata: {name: web}   # odd   spacing stays
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata:
      labels:
        app: web # the selector
    spec:
      # Two containers.
      containers:
        - name: web
          image: "web:1"
          readinessProbe:
            httpGet: { path: /ready, port: 8080 }
            periodSeconds: 3
        - name: db
          image: 'db:1'
          livenessProbe:
            tcpSocket:
              port: 5432
          lifecycle:
            preStop:
              exec:
                command: [ stop ]
      initContainers:
        - name: migrate
          image: db:1
---
# nothing here
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: report
              image: report:1
`;

function values(text: string): unknown[] {
  return parseAllDocuments(text).map((document) => document.toJS() as unknown);
}

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly initContainers?: readonly { readonly name: string }[];
    readonly containers: readonly { readonly lifecycle?: unknown; readonly readinessProbe?: unknown }[];
  };
}

function initNames(template: Template): readonly string[] {
  return (template.spec.initContainers ?? []).map((container) => container.name);
}

test('Injection puts redirect and proxy before the own init containers, in every kind of template', () => {
  const { text, reports } = injectYaml(manifest, settings);
  assert.deepEqual(reports, [
    { object: 'Deployment/web', outcome: 'injected' },
    { object: 'CronJob/nightly', outcome: 'injected' },
  ]);
  const [, deployment, , cronJob] = values(text) as [
    unknown,
    { spec: { template: Template } },
    unknown,
    { spec: { jobTemplate: { spec: { template: Template } } } },
  ];
  assert.deepEqual(initNames(deployment.spec.template), ['weft-redirect', 'weft-proxy', 'migrate']);
  assert.deepEqual(initNames(cronJob.spec.jobTemplate.spec.template), ['weft-redirect', 'weft-proxy']);
  assert.deepEqual(deployment.spec.template.spec.containers[0]?.lifecycle, {
    preStop: { sleep: { seconds: 5 } },
  });
});

test('Injection keeps comments, and documents without pods to the last blank', () => {
  const { text } = injectYaml(manifest, settings);
  assert.ok(text.startsWith(manifest.slice(0, manifest.indexOf('apiVersion: apps/v1'))));
  for (const kept of ['app: web # the selector', '# Two containers.', '# nothing here', "image: 'db:1'"]) {
    assert.ok(text.includes(kept), kept);
  }
});

test('Injecting twice is the same as injecting once', () => {
  const once = injectYaml(manifest, settings);
  const twice = injectYaml(once.text, settings);
  assert.equal(twice.text, once.text);
  assert.deepEqual(
    twice.reports.map((report) => report.outcome),
    ['unchanged', 'unchanged'],
  );
});

test('New settings replace what an earlier injection made, and keep the path of the drain hook', () => {
  const once = injectYaml(manifest, { ...settings, settings: limited('128Mi') });
  const twice = injectYaml(once.text, settings);
  assert.ok(once.text.includes('memory: 128Mi'));
  assert.ok(!twice.text.includes('128Mi'));
  const drains = (text: string): string[] => text.match(/path: \/drain\/\w+/g) ?? [];
  assert.deepEqual(drains(twice.text), drains(once.text));
});

function limited(memoryLimit: string): typeof settings.settings {
  return { ...settings.settings, proxy: { ...settings.settings.proxy, memoryLimit } };
}

test('Uninjecting restores the manifest', () => {
  const { text, reports } = uninjectYaml(injectYaml(manifest, settings).text);
  assert.deepEqual(values(text), values(manifest));
  assert.deepEqual(
    reports.map((report) => report.outcome),
    ['restored', 'restored'],
  );
  assert.equal(uninjectYaml(text).text, text);
});

test('Uninjecting a manifest that was never injected changes no byte', () => {
  assert.equal(uninjectYaml(manifest).text, manifest);
});

test('A list and JSON are injected and restored as well', () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'one' },
    spec: { containers: [{ name: 'c' }] },
  };
  const list = { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'ConfigMap' }, pod] };
  const injected = injectYaml(JSON.stringify(list), settings);
  assert.deepEqual(injected.reports, [{ object: 'Pod/one', outcome: 'injected' }]);
  assert.deepEqual(initNames((JSON.parse(injected.text) as { items: Template[] }).items[1] as Template), [
    'weft-redirect',
    'weft-proxy',
  ]);
  assert.deepEqual(JSON.parse(uninjectYaml(injected.text).text), list);
});

test('A part that two pods share through an anchor is injected for each', () => {
  const shared = `apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: &spec {containers: [{name: c, image: c}]}}
  - {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: *spec}
`;
  const { items } = parse(injectYaml(shared, settings).text) as { items: Template[] };
  assert.deepEqual(items.map(initNames), [
    ['weft-redirect', 'weft-proxy'],
    ['weft-redirect', 'weft-proxy'],
  ]);
});

test('A kind of the same name in another group is left alone', () => {
  const foreign = `apiVersion: batch.example.com/v1
kind: Job
metadata: {name: a}
spec: {template: {spec: {containers: [{name: c}]}}}
`;
  assert.deepEqual(injectYaml(foreign, settings), { text: foreign, reports: [] });
});

test('A pod that cannot be injected is reported with its code, a pod that declines is skipped', () => {
  const pods = (name: string, more: string): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {${more}}}\nspec: {hostNetwork: true, containers: [{name: c}]}\n---\n`;
  const { text, reports } = injectYaml(pods('a', '') + pods('b', 'weft.dev/inject: disabled'), settings);
  assert.deepEqual(
    reports.map(({ object, outcome, reason }) => [object, outcome, reason?.slice(0, 11)]),
    [
      ['Pod/a', 'refused', 'WEFT-POD-01'],
      ['Pod/b', 'skipped', 'WEFT-POD-02'],
    ],
  );
  assert.equal(text, pods('a', '') + pods('b', 'weft.dev/inject: disabled'));
});

test('What is not YAML is refused with its place', () => {
  assert.throws(() => injectYaml('a: [1\nb: }', settings), { code: 'WEFT-CLI-03', message: /line 2/ });
  assert.throws(() => injectYaml('{"a": ', settings), { code: 'WEFT-CLI-03' });
});

test('A file without any object stays as it is', () => {
  for (const text of ['', '\n', '# only a comment\n', 'just text\n', '- a\n- b\n']) {
    assert.deepEqual(injectYaml(text, settings), { text, reports: [] });
  }
});
