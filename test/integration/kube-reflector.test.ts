/** The reflector on a real API server: both encodings, restarts, kinds that come and go, servers without WatchList. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { parse } from 'yaml';
import { type ApiServer, startApiServer } from '../../dev/cluster/cluster.ts';
import { silent } from '../../src/base/log.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { tableOf } from '../../src/kube/objects.ts';
import { Reflector, type ReflectorOptions } from '../../src/kube/reflector.ts';
import * as resources from '../../src/kube/resources.ts';
import { TestSink } from '../../src/kube/testing.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../src/kube/types.ts';
import * as project from '../../src/mesh/project.ts';
import { populate, richNamespace } from './kube-objects.ts';

let server: ApiServer;
let api: KubeClient;
let stop: AbortController;
let running: Promise<void>[];

before(async () => {
  server = await startApiServer({ log: console.log });
  api = createKubeApi({ kubeconfigPath: server.kubeconfigPath, log: silent });
  await populate(api);
});

after(() => server.stop());

beforeEach(() => {
  stop = new AbortController();
  running = [];
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running);
});

function reflect<T extends KubeObject, V>(
  options: Omit<ReflectorOptions<T, V>, 'api' | 'log' | 'sink'> & { readonly api?: KubeClient },
): { readonly reflector: Reflector<T, V>; readonly sink: TestSink<V> } {
  const sink = new TestSink<V>();
  const reflector = new Reflector<T, V>({
    api,
    log: silent,
    absentBackoff: { initialMs: 50, maxMs: 200 },
    ...options,
    sink,
  });
  running.push(reflector.run(stop.signal));
  return { reflector, sink };
}

/** An API like the real one, but for what `change` makes of a stream's request. */
function withStream(stream: KubeClient['stream']): KubeClient {
  return new Proxy(api, {
    get: (target, name: keyof KubeClient) => (name === 'stream' ? stream : bound(target, name)),
  });
}

function bound(target: KubeClient, name: keyof KubeClient): unknown {
  return target[name].bind(target);
}

const jsonOnly = (): KubeClient =>
  withStream((path, options) => api.stream(path, { ...options, accept: 'application/json' }));

const named = (object: KubeObject): string => object.metadata.name;

const projections: readonly [ResourceType, (object: never) => unknown][] = [
  [resources.pods, project.projectPod],
  [resources.services, project.projectService],
  [resources.endpointSlices, project.projectEndpointSlice],
  [resources.nodes, project.projectNode],
  [resources.namespaces, (namespace: KubeObject) => namespace.metadata],
];

for (const [type] of projections) {
  test(`every field of ${type.plural} that is read from protobuf is what the JSON says`, async () => {
    const encodings = new Set<string>();
    const watched = withStream(async (path, options) => {
      const stream = await api.stream(path, options);
      encodings.add(stream.contentType);
      return stream;
    });
    const whole = (object: KubeObject): KubeObject => object;
    const protobuf = reflect({ type, project: whole, api: watched });
    const json = reflect({ type, project: whole, api: jsonOnly() });
    await Promise.all([protobuf.reflector.synced, json.reflector.synced]);
    assert.deepEqual([...encodings], ['application/vnd.kubernetes.protobuf;stream=watch']);
    assert.deepEqual(protobuf.sink.keys(), json.sink.keys());
    for (const [key, read] of protobuf.sink.values) {
      const written = json.sink.values.get(key);
      assert.ok(written);
      assert.partialDeepStrictEqual(written, withoutDefaults(read, written));
    }
  });
}

/** Protobuf spells out empty messages and false; the JSON may leave both out. */
function withoutDefaults(read: unknown, written: unknown): unknown {
  if (Array.isArray(read))
    return read.map((item, index) => withoutDefaults(item, (written as unknown[])[index]));
  if (typeof read !== 'object' || read === null) return read;
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(read)) {
    const other = (written as Record<string, unknown>)[name];
    const isDefault = value === false || (typeof value === 'object' && Object.keys(value).length === 0);
    if (other !== undefined || !isDefault) kept[name] = withoutDefaults(value, other);
  }
  return kept;
}

for (const [type, projection] of projections) {
  test(`${type.plural} are projected alike from protobuf and from JSON`, async () => {
    assert.notEqual(tableOf(type), undefined);
    const keep = (object: KubeObject): unknown => {
      const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & {
        managedFields?: unknown;
      };
      return projection({ ...object, metadata } as never);
    };
    const protobuf = reflect({ type, project: keep });
    const json = reflect({ type, project: keep, api: jsonOnly() });
    await Promise.all([protobuf.reflector.synced, json.reflector.synced]);
    assert.ok(protobuf.sink.values.size > 0);
    assert.deepEqual(Object.fromEntries(protobuf.sink.values), Object.fromEntries(json.sink.values));
  });
}

test('changes arrive as they happen, deletions too', async () => {
  const { reflector, sink } = reflect({
    type: resources.configMaps,
    namespace: richNamespace,
    project: named,
  });
  await reflector.synced;
  const configMap = { metadata: { name: 'live', namespace: richNamespace } };
  await api.create(resources.configMaps, configMap);
  await sink.until(() => sink.values.has(`${richNamespace}/live`));
  await api.delete(resources.configMaps, 'live', richNamespace);
  await sink.until(() => !sink.values.has(`${richNamespace}/live`));
});

test('selectors select', async () => {
  const byLabel = reflect({ type: resources.pods, labelSelector: 'app=web', project: named });
  const byField = reflect({ type: resources.pods, fieldSelector: 'metadata.name=plain', project: named });
  await Promise.all([byLabel.reflector.synced, byField.reflector.synced]);
  assert.deepEqual([...byLabel.sink.values.values()], ['rich']);
  assert.deepEqual([...byField.sink.values.values()], ['plain']);
});

test('a server without WatchList is read in pages, then watched', async () => {
  const refusing = withStream((path, options) => {
    if (options?.query?.sendInitialEvents === undefined) return api.stream(path, options);
    const detail = 'sendInitialEvents is forbidden';
    return Promise.reject(new KubeError('WEFT-KUBE-03', detail, { status: 422, reason: 'Invalid' }));
  });
  const names = Array.from({ length: 1234 }, (_, index) => `many-${String(index).padStart(4, '0')}`);
  await Promise.all(
    names.map((name) => api.create(resources.configMaps, { metadata: { name, namespace: richNamespace } })),
  );
  const { reflector, sink } = reflect({
    type: resources.configMaps,
    namespace: richNamespace,
    project: named,
    api: refusing,
  });
  await reflector.synced;
  assert.equal(sink.values.size, names.length);
  await api.create(resources.configMaps, { metadata: { name: 'after', namespace: richNamespace } });
  await sink.until(() => sink.values.has(`${richNamespace}/after`));
});

test('the API server restarts: nothing is dropped meanwhile, and what changed arrives', async () => {
  const services = reflect({ type: resources.services, project: project.projectService });
  const pods = reflect({ type: resources.pods, project: named });
  await Promise.all([services.reflector.synced, pods.reflector.synced]);
  const had = pods.sink.keys();
  await server.restart();
  const metadata = { name: 'after-restart', namespace: richNamespace };
  await persistently(() => api.apply(resources.services, service(metadata), { fieldManager: 'test' }));
  await services.sink.until(() => services.sink.values.has(`${richNamespace}/after-restart`));
  assert.deepEqual(pods.sink.keys(), had);
  assert.ok(!services.sink.calls.includes('replace 0') && !pods.sink.calls.includes('replace 0'));
  assert.equal(services.reflector.status().phase, 'live');
});

function service(metadata: KubeObject['metadata']): KubeObject {
  const object: KubeObject & { readonly spec: unknown } = { metadata, spec: { ports: [{ port: 80 }] } };
  return object;
}

/** Until the API server is back. */
async function persistently<T>(action: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof KubeError) || error.status === 422) throw error;
    }
  }
}

test('a kind that is installed later is picked up, and its removal empties the sink', async () => {
  const { reflector, sink } = reflect({
    type: resources.mutualTLSPolicies,
    project: project.projectMutualTLSPolicy,
  });
  await reflector.synced;
  assert.equal(reflector.status().phase, 'absent');
  const file = new URL('../../crds/weft.dev_mutualtlspolicies.yaml', import.meta.url);
  const crd = parse(await readFile(file, 'utf8')) as KubeObject;
  await api.create(resources.customResourceDefinitions, crd);
  await sink.until(() => sink.calls.length > 1);
  assert.equal(reflector.status().phase, 'live');
  const policy: KubeObject & { readonly spec: unknown } = {
    metadata: { name: 'strict', namespace: richNamespace },
    spec: { mode: 'Strict' },
  };
  await api.create(resources.mutualTLSPolicies, policy);
  await sink.until(() => sink.values.size === 1);
  await api.delete(resources.customResourceDefinitions, crd.metadata.name);
  await sink.until(() => sink.values.size === 0);
});
