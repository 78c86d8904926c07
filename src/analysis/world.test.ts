import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { analysisErrors } from './errors.ts';
import { parseObjects } from './files.ts';
import { atLeast, severities, sortFindings } from './sort.ts';
import { analyze, defaults, kinds, nameOf, nowMs, shop } from './testing.ts';
import { analyzeObjects } from './world.ts';

const { route, deployment, service } = kinds;
const offline = {
  defaults,
  situation: {
    nowMs,
    controlPlaneNamespace: 'weft-system',
    unknownKinds: ['secrets', 'configmaps', 'customresourcedefinitions', 'gatewayclasses', 'gateways'],
  },
};

test('nothing is wrong with the shop that all cases are put over', async () => {
  assert.deepEqual(await analyze(''), { findings: [], failures: [] });
});

test('the sample application gives no error and no warning', async () => {
  const files = globSync(new URL('../../dev/sample/manifests/*.yaml', import.meta.url).pathname);
  assert.ok(files.length > 5);
  const objects = files.flatMap((file) => parseObjects(readFileSync(file, 'utf8'), file, 'default'));
  const { findings, failures } = await analyzeObjects(objects, offline);
  assert.deepEqual(failures, []);
  assert.deepEqual(atLeast(findings, 'warning').map(nameOf), []);
});

test('what is written is judged beside what a cluster holds, and takes its place', async () => {
  const existing = route(
    '{parentRefs: [{group: "", kind: Service, name: web}], rules: [{backendRefs: [{name: gone, port: 80}]}]}',
  );
  const broken = await analyze('', { existing });
  assert.deepEqual(broken.findings.map(nameOf), [
    'WEFT-ANL-10 HTTPRoute shop/r spec.rules[0].backendRefs[0]',
  ]);
  const repaired = await analyze(existing.replace('gone', 'catalog'), { existing });
  assert.deepEqual(repaired.findings, []);
});

test('what is written is younger than what is there: it loses where the older one counts', async () => {
  const of = (name: string): string =>
    route(
      '{parentRefs: [{group: "", kind: Service, name: web}], rules: [{backendRefs: [{name: catalog, port: 80}]}]}',
      'HTTPRoute',
      name,
    );
  const existing = of('z').replace('name: z,', 'name: z, creationTimestamp: "2026-01-01T00:00:00Z",');
  const { findings } = await analyze(of('a'), { existing });
  assert.deepEqual(findings.map(nameOf), ['WEFT-ANL-21 HTTPRoute shop/a spec.rules[0].matches[0]']);
});

test('a workload that is written anew has the endpoints of its new template, not of its running pods', async () => {
  const existing = `${shop}---
apiVersion: v1
kind: Pod
metadata:
  name: web-x1-a
  labels: {app: web, pod-template-hash: x1}
  annotations: {weft.dev/proxy: "{}"}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-x1, uid: rs, controller: true}]
spec: {serviceAccountName: web, containers: [{name: web, ports: [{containerPort: 8080}], readinessProbe: {}}]}
status: {phase: Running}
`;
  const renamed = deployment(
    'web',
    '{labels: {app: renamed}}',
    '{serviceAccountName: web, containers: [{name: web, ports: [{containerPort: 8080}]}]}',
  );
  const { findings } = await analyze(renamed, { existing });
  assert.deepEqual(findings.map(nameOf), ['WEFT-ANL-30 Service shop/web spec.selector']);
});

test('an object that does not have the form of its kind is told of, and does not stop the others', async () => {
  const { findings } = await analyze(
    `${service('{ports: 80}', 'odd')}${service('{selector: {a: b}, ports: []}', 'fine')}`,
  );
  assert.deepEqual(findings.map(nameOf), [
    'WEFT-ANL-130 Service shop/odd',
    'WEFT-ANL-30 Service shop/fine spec.selector',
  ]);
});

test('a file that is no YAML is refused with its name', () => {
  assert.throws(() => parseObjects('{a: [}', 'bad.yaml', 'default'), {
    code: 'WEFT-ANL-131',
    field: 'bad.yaml',
  });
});

test('lists are taken apart, objects get their namespace, and what is none is left out', () => {
  const text =
    'kind: List\napiVersion: v1\nitems: [{apiVersion: v1, kind: Service, metadata: {name: a}}]\n---\nnot: an object\n---\n- 1\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n';
  const found = parseObjects(text, 'f', 'shop').map(
    ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
  );
  assert.deepEqual(found, ['Service shop/a', 'Namespace /b']);
});

test('findings are sorted by severity, then by object', async () => {
  const { findings } = await analyze(
    `${service('{selector: {a: b}, ports: []}', 'a')}${route('{parentRefs: [{name: gone}]}')}${service('{selector: {a: b}, ports: []}', 'b')}`,
  );
  assert.deepEqual(findings.map(nameOf), [
    'WEFT-ANL-01 HTTPRoute shop/r spec.parentRefs[0]',
    'WEFT-ANL-30 Service shop/a spec.selector',
    'WEFT-ANL-30 Service shop/b spec.selector',
  ]);
  assert.deepEqual(sortFindings(findings.toReversed()), findings);
  assert.deepEqual(severities, ['error', 'warning', 'info']);
});

test('every code has a page that says what to do, of 8 to 20 lines', () => {
  for (const code of Object.keys(analysisErrors)) {
    const page = readFileSync(new URL(`../../docs/errors/${code}.md`, import.meta.url), 'utf8');
    assert.ok(page.startsWith(`# ${code}: `), code);
    assert.match(page, /\nWhat to do: /, code);
    const lines = page.trimEnd().split('\n').length;
    assert.ok(lines >= 8 && lines <= 20, `${code} has ${lines} lines`);
  }
});
