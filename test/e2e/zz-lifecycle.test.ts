/** Named to run last: it upgrades, removes and reinstalls the control plane that the files of a run share. */

import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { ensureBinary } from '../../dev/cluster/cluster.ts';
import { run } from '../../dev/command.ts';
import { deployWeft } from '../../dev/deploy.ts';
import { wait } from '../../src/base/backoff.ts';
import { authoritySecretName } from '../../src/controllers/authority-secret.ts';
import { apiServiceGroups } from '../../src/controllers/api-service-objects.ts';
import {
  apiServices,
  mutatingWebhookConfigurations,
  namespaces,
  validatingWebhookConfigurations,
} from '../../src/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import { answerOf, appContainer, deployApp, kinds, type Pod } from './apps.ts';
import { controlPlanePods, weftJson } from './control-plane.ts';
import { type TestMesh, until, useMesh } from './harness.ts';
import { Steady } from './steady.ts';

const namespace = 'lifecycle';
let mesh: TestMesh;
let steady: Steady;
/** Before anything was done to the installation. */
let atFirst: readonly WebhookConfiguration[];

type WebhookConfiguration = KubeObject & {
  readonly metadata: { readonly managedFields?: readonly { readonly manager: string }[] };
  readonly webhooks: readonly { readonly name: string; readonly failurePolicy: string }[];
};
const configurations: readonly ResourceType[] = [
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
];

function read(type: ResourceType): Promise<WebhookConfiguration | undefined> {
  return mesh.api.get<WebhookConfiguration>(type, 'weft');
}

async function present(type: ResourceType): Promise<WebhookConfiguration> {
  const found = await read(type);
  assert.ok(found !== undefined, `${type.kind} is there`);
  return found;
}

function writersOf({ managedFields = [] }: WebhookConfiguration['metadata']): readonly string[] {
  return managedFields.map(({ manager }) => manager);
}

/** Installs or upgrades. Every other mark replaces all replicas. */
async function upgrade(mark?: string): Promise<void> {
  await deployWeft(mesh.cluster, {
    log: () => undefined,
    ...(mark === undefined ? {} : { sets: [`podAnnotations.mark=${mark}`] }),
  });
}

/** Names of the init containers that a pod of the namespace would get now. */
async function injected(): Promise<readonly string[]> {
  const answer = await mesh.api.request<Pod>('POST', `/api/v1/namespaces/${namespace}/pods`, {
    query: { dryRun: 'All' },
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'asked', namespace },
      spec: { containers: [{ name: 'app', image: mesh.image }] },
    },
  });
  return (answer.spec.initContainers ?? []).map(({ name }) => name);
}

const meshed = ['weft-redirect', 'weft-proxy'];

async function replicasGone(): Promise<true | undefined> {
  return (await controlPlanePods(mesh)).length === 0 ? true : undefined;
}

/** Resolves when both sidecars are connected to a replica of now and have all they should. */
async function reconnected(): Promise<void> {
  await until('both proxies are connected and in sync', async () => {
    const { proxies } = await weftJson<{ proxies: readonly { proxy: string; synced: boolean }[] }>(
      mesh,
      'status',
      '--namespace',
      namespace,
    ).catch(() => ({ proxies: [] }));
    const steadies = proxies.filter(({ proxy, synced }) => synced && proxy.includes('/steady-'));
    return steadies.length === 2 ? true : undefined;
  });
}

suite('the life of an installation', () => {
  before(async () => {
    mesh = await useMesh();
    steady = await Steady.start(mesh, namespace);
    atFirst = await Promise.all(configurations.map(present));
  });
  afterEach(() => steady.undisturbed());
  after(() => steady.stop());

  test('every upgrade replaces the replicas: no request fails, pods can be created at any moment, and proxies are sent nothing twice', async () => {
    const [connections, updates] = [await steady.connections(), await steady.updates()];
    const done = new AbortController();
    const admissions = (async () => {
      let count = 0;
      while (!done.signal.aborted) {
        assert.deepEqual(await injected(), meshed);
        count++;
        await wait(200, done.signal);
      }
      return count;
    })();
    // Whatever becomes of it is looked at below.
    admissions.catch(() => undefined);
    try {
      for (const mark of ['first', 'second']) {
        const old = (await controlPlanePods(mesh)).map(({ metadata }) => metadata.name);
        await upgrade(mark);
        await until('the old replicas are gone', async () => {
          const now = (await controlPlanePods(mesh)).map(({ metadata }) => metadata.name);
          return now.some((name) => old.includes(name)) ? undefined : true;
        });
      }
      await reconnected();
    } finally {
      done.abort();
    }
    assert.ok((await admissions) > 20);
    assert.ok((await steady.connections()) >= connections + 2, 'both proxies have had to reconnect');
    assert.equal(await steady.updates(), updates, 'what they hold was not sent again');
  });

  test('the upgrades have left the webhook objects untouched, and one writer owns all of them', async () => {
    const now = await Promise.all(configurations.map(present));
    assert.deepEqual(
      now.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]),
      atFirst.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]),
    );
    for (const { metadata } of now) assert.deepEqual(writersOf(metadata), ['weft-webhook-config']);
  });

  test('a change by hand is undone', async () => {
    const weaken = (index: number): string =>
      JSON.stringify([
        { op: 'replace', path: `/webhooks/${index}/failurePolicy`, value: 'Ignore' },
        {
          op: 'replace',
          path: `/webhooks/${index}/namespaceSelector`,
          value: { matchLabels: { never: 'true' } },
        },
      ]);
    for (const type of configurations) {
      const old = await present(type);
      await mesh.cluster.kubectl(['patch', type.plural, 'weft', '--type=json', '--patch', weaken(0)]);
      const now = await until(`${type.kind} is as before`, async () => {
        const found = await present(type);
        return JSON.stringify(found.webhooks) === JSON.stringify(old.webhooks) ? found : undefined;
      });
      assert.deepEqual(writersOf(now.metadata), ['weft-webhook-config']);
    }
    assert.deepEqual(await injected(), meshed);
  });

  test('a deletion is repaired', async () => {
    for (const type of configurations) {
      const old = await present(type);
      await mesh.api.delete(type, 'weft');
      const now = await until(`${type.kind} is back`, () => read(type));
      assert.notEqual(now.metadata.uid, old.metadata.uid);
      assert.deepEqual(now.webhooks, old.webhooks);
    }
    await until('pods are injected again', async () => ((await injected()).length === 2 ? true : undefined));
  });

  test('an uninstall takes the webhook objects along: pods start without a proxy, and those in the mesh go on', async () => {
    const helm = await ensureBinary('helm');
    const kubeconfig = ['--kubeconfig', mesh.cluster.kubeconfigPath];
    await run([helm, ...kubeconfig, '--namespace', 'weft-system', 'uninstall', 'weft']);
    for (const type of configurations)
      await until(`${type.kind} is gone`, async () => ((await read(type)) === undefined ? true : undefined));
    await until('the replicas are gone', replicasGone);
    for (const type of configurations)
      assert.equal(await read(type), undefined, 'a leaving replica has not put it back');
    // One without a server would keep every namespace from being deleted.
    for (const name of Object.keys(apiServiceGroups))
      await until(`APIService ${name} is gone`, async () =>
        (await mesh.api.get(apiServices, name)) === undefined ? true : undefined,
      );
    await mesh.api.create(namespaces, { metadata: { name: 'short-lived' } });
    await mesh.api.delete(namespaces, 'short-lived');
    await until('a namespace can be deleted', async () =>
      (await mesh.api.get(namespaces, 'short-lived')) === undefined ? true : undefined,
    );
    const app = await deployApp(mesh, namespace, {
      name: 'born-without',
      podSpec: { containers: [appContainer(mesh.image, 'v1')] },
    });
    const [pod] = await app.ready(1);
    assert.equal(pod?.spec.initContainers, undefined);
    await mesh.api.delete(kinds.deployment, 'born-without', namespace);
  });

  test('a new install goes on with the same authority; proxies reconnect, are sent nothing twice, and meet new pods', async () => {
    const secret = await mesh.api.get(kinds.secret, authoritySecretName, 'weft-system');
    assert.ok(secret !== undefined, 'the authority outlives the uninstall');
    const [connections, updates] = [await steady.connections(), await steady.updates()];
    await upgrade();
    await reconnected();
    assert.ok((await steady.connections()) >= connections + 2);
    assert.equal(await steady.updates(), updates, 'what they hold was not sent again');
    const again = await mesh.api.get(kinds.secret, authoritySecretName, 'weft-system');
    assert.equal(again?.metadata.uid, secret.metadata.uid);
    assert.equal(again?.metadata.resourceVersion, secret.metadata.resourceVersion);
    assert.deepEqual(await injected(), meshed);
    const late = await deployApp(mesh, namespace, { name: 'late' });
    const answer = answerOf(await late.call({ kind: 'http', url: 'http://steady-server/' }));
    assert.match(answer.headers['x-forwarded-client-cert'] ?? '', /sa\/late/);
  });
});
