/** Requests, server-side apply, status, Events and elections as the real API server takes them. */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { type ApiServer, startApiServer } from '../../dev/cluster/cluster.ts';
import { silent } from '../../src/base/log.ts';
import { MovableClock } from '../../src/base/movable-clock.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { isKubeError, KubeError } from '../../src/kube/errors.ts';
import { EventRecorder } from '../../src/kube/events.ts';
import { LeaderElection } from '../../src/kube/lease.ts';
import * as resources from '../../src/kube/resources.ts';
import { mergeConditions, writeStatus } from '../../src/kube/status.ts';
import type { Condition, KubeClient, KubeObject, ResourceType } from '../../src/kube/types.ts';

type Written = KubeObject & Readonly<Record<string, unknown>>;

const namespace = 'default';
let server: ApiServer;
let api: KubeClient;

before(async () => {
  server = await startApiServer({ log: console.log });
  api = createKubeApi({ kubeconfigPath: server.kubeconfigPath, log: silent });
});

after(() => server.stop());

/** By their own CRDs, which this API server does not have. */
const defined = ['weft.dev', 'gateway.networking.k8s.io', 'gateway.networking.x-k8s.io'];
const own = (type: ResourceType): boolean => defined.includes(type.group);

test('every kind of Kubernetes that Weft knows is served, as it is written down', async () => {
  for (const type of Object.values(resources)) {
    if (typeof type !== 'object' || own(type)) continue;
    assert.equal(await api.serves(type), true, type.plural);
    const served = await api.request<{ resources: { name: string; kind: string; namespaced: boolean }[] }>(
      'GET',
      resources.groupPathOf(type),
    );
    const found = served.resources.find(({ name }) => name === type.plural);
    assert.deepEqual([found?.kind, found?.namespaced], [type.kind, type.namespaced], type.plural);
  }
});

test('server-side apply owns what it says, removes what it no longer says, and conflicts over the rest', async () => {
  const metadata = { name: 'applied', namespace };
  const apply = (data: Record<string, string>, fieldManager: string, force?: boolean): Promise<Written> => {
    const object: Written = { metadata, data };
    return api.apply(resources.configMaps, object, {
      fieldManager,
      ...(force === undefined ? {} : { force }),
    });
  };
  await apply({ ours: '1', also: '1' }, 'weft-one');
  await apply({ theirs: '2' }, 'weft-two');
  assert.deepEqual((await apply({ ours: '1' }, 'weft-one')).data, { ours: '1', theirs: '2' });
  await assert.rejects(apply({ theirs: '3' }, 'weft-one'), (error) => isKubeError(error, 409));
  assert.deepEqual((await apply({ theirs: '3' }, 'weft-one', true)).data, { theirs: '3' });
});

test('an update with an old version conflicts', async () => {
  const created = await api.create<Written>(resources.configMaps, { metadata: { name: 'old', namespace } });
  await api.update<Written>(resources.configMaps, { ...created, data: { a: '1' } });
  await assert.rejects(
    api.update<Written>(resources.configMaps, { ...created, data: { a: '2' } }),
    (error) => {
      assert.ok(isKubeError(error, 409));
      assert.equal(error.reason, 'Conflict');
      return true;
    },
  );
  await api.delete(resources.configMaps, 'old', namespace);
  await assert.rejects(api.delete(resources.configMaps, 'old', namespace), (error) =>
    isKubeError(error, 404),
  );
});

interface WithConditions extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

test('two controllers share the conditions of one status, and write only what changed', async () => {
  const service: Written = { metadata: { name: 'shared', namespace }, spec: { ports: [{ port: 80 }] } };
  await api.create(resources.services, service);
  const write = async (type: string, status: Condition['status'], fieldManager: string): Promise<boolean> => {
    const current = await api.get<WithConditions>(resources.services, 'shared', namespace);
    assert.ok(current);
    const next: Condition = { type, status, reason: 'Tested', message: '' };
    const conditions = mergeConditions(current.status?.conditions, [next], Date.now());
    return writeStatus(
      api,
      resources.services,
      { ...current, status: only(current) },
      { conditions },
      { fieldManager },
    );
  };
  assert.equal(await write('One', 'True', 'weft-one'), true);
  assert.equal(await write('Two', 'False', 'weft-two'), true);
  assert.equal(await write('One', 'True', 'weft-one'), false);
  assert.equal(await write('One', 'False', 'weft-one'), true);
  const end = await api.get<WithConditions>(resources.services, 'shared', namespace);
  assert.deepEqual(end?.status?.conditions?.map(({ type, status }) => `${type}=${status}`).toSorted(), [
    'One=False',
    'Two=False',
  ]);
});

/** The part of the status that these controllers share; a Service's has more. */
function only(object: WithConditions): WithConditions['status'] {
  return { conditions: object.status?.conditions ?? [] };
}

test('Events are accepted, and repetitions counted up in them', async () => {
  const clock = new MovableClock(Date.now());
  const recorder = new EventRecorder({ api, instance: 'weft-0', log: silent, clock });
  const regarding = { apiVersion: 'v1', kind: 'Service', name: 'told', namespace };
  const record = { regarding, type: 'Warning', reason: 'Tested', action: 'Test', note: 'größe' } as const;
  const { namespace: _, ...clusterScoped } = { ...regarding, kind: 'Namespace' };
  recorder.record(record);
  recorder.record({ ...record, regarding: clusterScoped });
  await recorder.flush();
  recorder.record(record);
  recorder.record(record);
  await recorder.flush();
  const found = await api.list<Written & { readonly series?: { readonly count: number } }>(resources.events, {
    namespace,
    fieldSelector: 'reason=Tested',
  });
  assert.deepEqual(new Set(found.map(({ series }) => series?.count)), new Set([3, undefined]));
});

test('of two replicas one leads, and the other takes over at once when it stops', async () => {
  const replicas = ['a', 'b'].map((identity) => {
    const election = new LeaderElection({ api, namespace, name: 'test', identity, log: silent, retryMs: 50 });
    const stop = new AbortController();
    return { election, stop, done: election.run(stop.signal) };
  });
  const leader = await Promise.race(replicas.map((each) => leads(each.election).then(() => each)));
  const [follower] = replicas.filter((each) => each !== leader);
  assert.equal(follower?.election.leading, false);
  leader.stop.abort();
  await leader.done;
  assert.ok(follower);
  await leads(follower.election);
  follower.stop.abort();
  await follower.done;
});

function leads(election: LeaderElection): Promise<void> {
  return new Promise((resolve) => {
    election.subscribe((leading) => {
      if (leading) resolve();
    });
  });
}

test('a service account with a rotating token file does what its role allows, and no more', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-token-'));
  try {
    const create = (type: ResourceType, object: Written): Promise<Written> => api.create(type, object);
    await create(resources.serviceAccounts, { metadata: { name: 'reader', namespace } });
    await create(resources.clusterRoles, {
      metadata: { name: 'reader' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
    });
    await api.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: {
        metadata: { name: 'reader' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
        subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
      },
    });
    const path = resources.pathOf(resources.serviceAccounts, {
      namespace,
      name: 'reader',
      subresource: 'token',
    });
    const issue = async (): Promise<string> => {
      const answer = await api.request<{ status: { token: string } }>('POST', path, { body: { spec: {} } });
      return answer.status.token;
    };
    const tokenFile = join(directory, 'token');
    await writeFile(tokenFile, 'not a token');
    const config = parse(await readFile(server.kubeconfigPath, 'utf8')) as {
      users: { user: Readonly<Record<string, unknown>> }[];
    };
    for (const user of config.users) user.user = { tokenFile };
    await writeFile(join(directory, 'config'), JSON.stringify(config));
    const reader = createKubeApi({ kubeconfigPath: join(directory, 'config'), log: silent });

    const refused = await reader.list(resources.configMaps).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(isKubeError(refused, 401));
    const token = await issue();
    await writeFile(tokenFile, token);
    assert.ok((await reader.list(resources.configMaps)).length > 0, 'a 401 makes it read the file again');
    await assert.rejects(reader.list(resources.secrets), (error: unknown) => {
      assert.ok(error instanceof KubeError);
      assert.deepEqual([error.status, error.code], [403, 'WEFT-KUBE-02']);
      assert.ok(!JSON.stringify([error.message, error]).includes(token));
      return true;
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a server with another certificate authority is not trusted', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-ca-'));
  try {
    const config = parse(await readFile(server.kubeconfigPath, 'utf8')) as {
      clusters: { cluster: Record<string, unknown> }[];
    };
    for (const { cluster } of config.clusters) {
      delete cluster['certificate-authority'];
      delete cluster['certificate-authority-data'];
    }
    await writeFile(join(directory, 'config'), JSON.stringify(config));
    const stranger = createKubeApi({ kubeconfigPath: join(directory, 'config'), log: silent });
    await assert.rejects(stranger.request('POST', '/api/v1/nodes', { body: {} }), (error: unknown) => {
      assert.ok(error instanceof KubeError);
      assert.equal(error.code, 'WEFT-KUBE-01');
      assert.match(error.reason, /CERT|ISSUER|SIGNATURE/);
      return true;
    });
  } finally {
    await rm(directory, { recursive: true });
  }
});
