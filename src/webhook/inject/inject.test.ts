import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import jsonPatch from 'fast-json-patch';
import { type Injected, injectPod, prepareInjection } from './inject.ts';
import { formatPatch, type Operation } from './patch.ts';
import { restorePod } from './restore.ts';
import { isProxyUser } from './user.ts';
import { testContext, testDrainWord, testPod } from './testing.ts';

const prepared = prepareInjection(testContext());

const web: V1Container = {
  name: 'web',
  image: 'web:1',
  ports: [{ name: 'http', containerPort: 8080 }],
  readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 3 },
  livenessProbe: { exec: { command: ['true'] } },
};
const db: V1Container = {
  name: 'db',
  image: 'db:1',
  livenessProbe: { tcpSocket: { port: 5432 }, failureThreshold: 5 },
  lifecycle: { preStop: { exec: { command: ['stop'] } } },
};
const rich = testPod({
  metadata: { labels: { app: 'web' }, annotations: { 'example.com/a': 'b' } },
  spec: {
    containers: [web, db],
    initContainers: [
      { name: 'migrate', image: 'db:1' },
      { name: 'helper', image: 'h:1', restartPolicy: 'Always', startupProbe: { grpc: { port: 9000 } } },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
  },
});

/** The injected pod, after proving that the patch makes exactly it. */
function inject(pod: V1Pod, preparation = prepared): V1Pod & { spec: NonNullable<V1Pod['spec']> } {
  const before = structuredClone(pod);
  const injected = injectPod(pod, preparation);
  assert.deepEqual(pod, before, 'the pod itself must not change');
  assert.deepEqual(patched(pod, injected), injected.pod);
  return injected.pod as ReturnType<typeof inject>;
}

function patched(pod: V1Pod, { operations, knownJson }: Injected): unknown {
  const sent = JSON.parse(formatPatch(operations, knownJson)) as Operation[];
  assert.deepEqual(sent, operations, 'the text is that of the operations');
  return jsonPatch.applyPatch(structuredClone(pod), sent as never, true).newDocument;
}

function names(list: readonly { readonly name: string }[] | undefined): string[] {
  return (list ?? []).map((item) => item.name);
}

suite('An injected pod', () => {
  const pod = inject(rich);

  test('starts redirect, proxy, its own init containers, the application', () => {
    assert.deepEqual(names(pod.spec.initContainers), ['weft-redirect', 'weft-proxy', 'migrate', 'helper']);
    assert.equal(pod.spec.initContainers?.[1]?.restartPolicy, 'Always');
    assert.deepEqual(names(pod.spec.containers), ['web', 'db']);
    assert.deepEqual(names(pod.spec.volumes), ['data', 'weft-identity', 'weft-admin']);
  });

  test('keeps its labels and annotations and says which settings it has', () => {
    assert.deepEqual(pod.metadata?.labels, { app: 'web' });
    const { 'example.com/a': own, 'weft.dev/proxy': proxy } = pod.metadata?.annotations ?? {};
    assert.equal(own, 'b');
    assert.deepEqual(JSON.parse(proxy ?? ''), { version: '0.1.0', settings: prepared.settingsHash });
  });

  test('has probes that ask the proxy, with their timing', () => {
    const [first, second] = pod.spec.containers;
    const ask = (path: string) => ({ path, port: 15021, scheme: 'HTTP' });
    assert.deepEqual(first?.readinessProbe, { httpGet: ask('/probe/web/readiness'), periodSeconds: 3 });
    assert.deepEqual(first?.livenessProbe, web.livenessProbe);
    assert.deepEqual(second?.livenessProbe, { httpGet: ask('/probe/db/liveness'), failureThreshold: 5 });
    assert.deepEqual(pod.spec.initContainers?.[3]?.startupProbe, { httpGet: ask('/probe/helper/startup') });
  });

  test('waits before it stops where the application does nothing else then', () => {
    assert.deepEqual(pod.spec.containers[0]?.lifecycle, { preStop: { sleep: { seconds: 5 } } });
    assert.deepEqual(pod.spec.containers[1]?.lifecycle, db.lifecycle);
    assert.equal(pod.spec.initContainers?.[3]?.lifecycle, undefined);
  });

  test('remembers what was replaced', () => {
    assert.deepEqual(JSON.parse(pod.metadata?.annotations?.['weft.dev/originals'] ?? ''), {
      probes: {
        'web/readiness': { httpGet: { path: '/ready', port: 'http' } },
        'db/liveness': { tcpSocket: { port: 5432 } },
        'helper/startup': { grpc: { port: 9000 } },
      },
      sleep: ['web'],
    });
  });

  test('mounts identity and admin socket in the proxy alone', () => {
    const mounts = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap((container) =>
      (container.volumeMounts ?? []).map((mount) => `${container.name} ${mount.name}`),
    );
    assert.deepEqual(mounts, ['weft-proxy weft-identity', 'weft-proxy weft-admin']);
  });

  test('has a proxy that the restricted Pod Security Standard admits, and one documented exception', () => {
    const [redirect, proxy] = pod.spec.initContainers ?? [];
    const {
      runAsNonRoot,
      runAsUser,
      allowPrivilegeEscalation,
      capabilities,
      seccompProfile,
      readOnlyRootFilesystem,
    } = proxy?.securityContext ?? {};
    assert.ok(isProxyUser(runAsUser ?? 0));
    assert.ok(
      redirect?.args?.[0]?.includes(`skuid ${runAsUser} return`),
      'the rules know the proxy by its user',
    );
    assert.deepEqual(
      [runAsNonRoot, allowPrivilegeEscalation, capabilities, seccompProfile, readOnlyRootFilesystem],
      [true, false, { drop: ['ALL'] }, { type: 'RuntimeDefault' }, true],
    );
    assert.deepEqual(redirect?.securityContext?.capabilities, { drop: ['ALL'], add: ['NET_ADMIN'] });
    assert.equal(redirect?.securityContext?.allowPrivilegeEscalation, false);
  });

  test('is only touched where it has to be', () => {
    assert.deepEqual(
      injectPod(rich, prepared).operations.map(({ op, path }) => `${op} ${path}`),
      [
        'add /metadata/annotations/prometheus.io~1scrape',
        'add /metadata/annotations/prometheus.io~1port',
        'add /metadata/annotations/prometheus.io~1path',
        'add /metadata/annotations/weft.dev~1proxy',
        'add /metadata/annotations/weft.dev~1identity-sds',
        'add /metadata/annotations/weft.dev~1trust-sds',
        'add /metadata/annotations/weft.dev~1originals',
        'replace /spec/containers/0/readinessProbe/httpGet/path',
        'replace /spec/containers/0/readinessProbe/httpGet/port',
        'add /spec/containers/0/readinessProbe/httpGet/scheme',
        'add /spec/containers/0/lifecycle',
        'remove /spec/containers/1/livenessProbe/tcpSocket',
        'add /spec/containers/1/livenessProbe/httpGet',
        'add /spec/initContainers/0',
        'add /spec/initContainers/1',
        'remove /spec/initContainers/3/startupProbe/grpc',
        'add /spec/initContainers/3/startupProbe/httpGet',
        'add /spec/volumes/1',
        'add /spec/volumes/2',
      ],
    );
  });

  test('is the original again once it is restored', () => {
    assert.deepEqual(restorePod(pod).pod, rich);
    assert.deepEqual(restorePod(inject(testPod())).pod, testPod());
  });
});

suite('Injecting again', () => {
  const once = inject(rich);

  test('does nothing', () => {
    assert.deepEqual(injectPod(once, prepared).operations, []);
  });

  test('does nothing when the API server has filled in defaults and mounted the token of the service account', () => {
    const token = { name: 'kube-api-access-x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
    const defaulted = structuredClone(once);
    for (const container of defaulted.spec.initContainers ?? []) {
      container.terminationMessagePath = '/dev/termination-log';
      container.volumeMounts = [...(container.volumeMounts ?? []), token];
      for (const probe of [container.startupProbe, container.readinessProbe]) {
        if (probe !== undefined) Object.assign(probe, { successThreshold: 1, timeoutSeconds: 1 });
      }
    }
    assert.deepEqual(injectPod(defaulted, prepared).operations, []);
  });

  test('completes what another webhook has added since, once, and keeps the drain path', () => {
    const late: V1Container = { ...web, name: 'late' };
    const first: V1Container = { name: 'first', image: 'f:1' };
    const grown = {
      ...once,
      spec: {
        ...once.spec,
        containers: [...once.spec.containers, late],
        initContainers: [first, ...(once.spec.initContainers ?? [])],
      },
    };
    const other = prepareInjection(testContext({ random: () => 'another' }));
    const pod = inject(grown, other);
    assert.deepEqual(names(pod.spec.initContainers), [
      'weft-redirect',
      'weft-proxy',
      'first',
      'migrate',
      'helper',
    ]);
    assert.equal(pod.spec.containers[2]?.readinessProbe?.httpGet?.path, '/probe/late/readiness');
    assert.deepEqual(pod.spec.containers[2]?.lifecycle, { preStop: { sleep: { seconds: 5 } } });
    const drain = pod.spec.initContainers?.[1]?.lifecycle?.preStop?.httpGet?.path;
    assert.equal(drain, `/drain/${testDrainWord}`);
    const bootstrap = pod.spec.initContainers?.[1]?.args?.[1] ?? '';
    for (const path of [drain ?? '', '/probe/web/readiness', '/probe/db/liveness', '/probe/late/readiness']) {
      assert.equal(bootstrap.split(`"${path}"`).length, 2, `${path} is served once`);
    }
    assert.deepEqual(injectPod(pod, other).operations, []);
    assert.deepEqual(restorePod(pod).pod.spec?.containers, [web, db, late]);
  });

  test('follows changed settings', () => {
    const context = testContext();
    const proxy = { ...context.settings.proxy, image: 'envoyproxy/envoy:v9' };
    const changed = prepareInjection(testContext({ settings: { ...context.settings, proxy } }));
    assert.notEqual(changed.settingsHash, prepared.settingsHash);
    const pod = inject(once, changed);
    assert.equal(pod.spec.initContainers?.[1]?.image, 'envoyproxy/envoy:v9');
  });

  test('replaces what only claims to be Weft’s', () => {
    const forged = testPod({ spec: { initContainers: [{ name: 'weft-proxy', image: 'evil:1' }] } });
    assert.deepEqual(inject(forged), inject(testPod()));
  });

  test('keeps a probe that the user has changed by hand since', () => {
    const edited = structuredClone(once);
    const [container] = edited.spec.containers;
    if (container !== undefined) container.readinessProbe = { httpGet: { path: '/better', port: 8080 } };
    const pod = inject(edited);
    const { probes } = JSON.parse(pod.metadata?.annotations?.['weft.dev/originals'] ?? '') as {
      probes: Record<string, unknown>;
    };
    assert.deepEqual(probes['web/readiness'], { httpGet: { path: '/better', port: 8080 } });
  });

  test('refuses a pod whose record of the original is lost or unreadable', () => {
    for (const [record, field] of [
      [undefined, 'spec.containers[0].readinessProbe'],
      ['{', 'metadata.annotations[weft.dev/originals]'],
      ['[]', 'metadata.annotations[weft.dev/originals]'],
      ['{"probes":{"web/readiness":7}}', 'metadata.annotations[weft.dev/originals]'],
      ['{"sleep":[1]}', 'metadata.annotations[weft.dev/originals]'],
    ] as const) {
      const damaged = structuredClone(once);
      const annotations = damaged.metadata?.annotations ?? {};
      if (record === undefined) delete annotations['weft.dev/originals'];
      else annotations['weft.dev/originals'] = record;
      assert.throws(() => injectPod(damaged, prepared), { code: 'WEFT-POD-10', field });
    }
  });
});

suite('The pod’s own settings', () => {
  const proxyOf = (annotations: Readonly<Record<string, string>>, spec: Partial<V1Pod['spec']> = {}) =>
    inject(testPod({ metadata: { annotations }, spec })).spec;

  test('reach the containers', () => {
    const { initContainers } = proxyOf({
      'proxy.weft.dev/cpu': '50m',
      'proxy.weft.dev/memory': '100Mi',
      'proxy.weft.dev/cpu-limit': '50m',
      'proxy.weft.dev/memory-limit': '100Mi',
      'proxy.weft.dev/image': 'mirror/envoy:1',
      'proxy.weft.dev/log-level': 'debug',
      'proxy.weft.dev/concurrency': '4',
      'proxy.weft.dev/drain-seconds': '9',
      'proxy.weft.dev/exclude-inbound-ports': '22',
    });
    const [redirect, proxy] = initContainers ?? [];
    const quantities = { cpu: '50m', memory: '100Mi' };
    assert.deepEqual(proxy?.resources, { limits: quantities, requests: quantities });
    assert.deepEqual(redirect?.resources, proxy?.resources);
    assert.equal(proxy?.image, 'mirror/envoy:1');
    assert.deepEqual(proxy?.args?.slice(2), [
      '--concurrency',
      '4',
      '--log-level',
      'debug',
      '--component-log-level',
      'tap:error',
      '--drain-time-s',
      '9',
      '--drain-strategy',
      'immediate',
      '--disable-hot-restart',
    ]);
    assert.match(redirect?.args?.[0] ?? '', /tcp dport \{ 22, 15020, 15021 \} return/);
    const bootstrap = JSON.parse(proxy?.args?.[1] ?? '') as {
      overload_manager: { resource_monitors: unknown[] };
    };
    assert.match(JSON.stringify(bootstrap.overload_manager), /"max_heap_size_bytes":83886080/);
  });

  test('never make the API server refuse the wait before stopping, and leave the application half its time', () => {
    const seconds = (annotations: Record<string, string>, terminationGracePeriodSeconds: number): unknown =>
      proxyOf(annotations, { terminationGracePeriodSeconds }).containers[0]?.lifecycle?.preStop?.sleep
        ?.seconds;
    assert.equal(seconds({}, 30), 5);
    assert.equal(seconds({}, 7), 3);
    assert.equal(seconds({}, 1), undefined);
    assert.equal(seconds({}, 0), undefined);
    assert.equal(seconds({ 'proxy.weft.dev/drain-seconds': '60' }, 30), 15);
    assert.equal(seconds({ 'proxy.weft.dev/drain-seconds': '0' }, 30), undefined);
  });
});

suite('Probes that stay as they are', () => {
  const cases: readonly [string, V1Container, Record<string, string>?][] = [
    ['of another host', { ...web, readinessProbe: { httpGet: { host: 'example.com', port: 80 } } }],
    [
      'of a port name that the container does not have',
      { ...web, readinessProbe: { httpGet: { port: 'admin' } } },
    ],
    ['that run a program', { ...web, readinessProbe: { exec: { command: ['true'] } } }],
    ['of a port that is not captured', web, { 'proxy.weft.dev/exclude-inbound-ports': '8080' }],
  ];
  for (const [what, container, annotations = {}] of cases) {
    test(what, () => {
      const pod = inject(testPod({ metadata: { annotations }, spec: { containers: [container] } }));
      assert.deepEqual(pod.spec.containers[0]?.readinessProbe, container.readinessProbe);
    });
  }
});

test('An HTTP hook of the application goes through the proxy too, and comes back', () => {
  const lifecycle = { preStop: { httpGet: { path: '/bye', port: 8080 } } };
  const pod = testPod({ spec: { containers: [{ ...web, lifecycle }] } });
  const injected = inject(pod);
  assert.deepEqual(injected.spec.containers[0]?.lifecycle, {
    preStop: { httpGet: { path: '/probe/web/preStop', port: 15021, scheme: 'HTTP' } },
  });
  assert.deepEqual(restorePod(injected).pod, pod);
});

test('Two probes of one port share a cluster', () => {
  const twice = { ...web, livenessProbe: { httpGet: { path: '/live', port: 8080 } } };
  const pod = inject(testPod({ spec: { containers: [twice] } }));
  const bootstrap = JSON.parse(pod.spec.initContainers?.[1]?.args?.[1] ?? '') as {
    static_resources: { clusters: { name: string }[] };
  };
  assert.deepEqual(names(bootstrap.static_resources.clusters), [
    'xds',
    'admin',
    'inbound-app',
    'passthrough',
    'probe-http-8080',
  ]);
});

test('Without pod certificates a token is mounted instead, and the roots are needed beforehand', () => {
  const pod = inject(testPod(), prepareInjection(testContext({ identity: 'sds', trustRoots: 'PEM' })));
  const [volume] = pod.spec.volumes ?? [];
  assert.deepEqual(volume?.projected?.sources, [
    { serviceAccountToken: { path: 'token', audience: 'weft.dev', expirationSeconds: 3600 } },
    {
      downwardAPI: {
        items: [
          {
            path: 'token.json',
            fieldRef: { apiVersion: 'v1', fieldPath: "metadata.annotations['weft.dev/token-sds']" },
          },
        ],
      },
    },
  ]);
  assert.throws(() => prepareInjection(testContext({ identity: 'sds' })), { code: 'WEFT-POD-13' });
});

suite('Prometheus', () => {
  const annotationsOf = (annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    injectPod(testPod({ metadata: { annotations } }), prepareInjection(testContext())).pod.metadata
      ?.annotations ?? {};

  test('finds the metrics of a proxy whose pod says nothing of it', () => {
    const {
      'prometheus.io/scrape': scrape,
      'prometheus.io/port': port,
      'prometheus.io/path': path,
    } = annotationsOf({});
    assert.deepEqual([scrape, port, path], ['true', '15021', '/metrics']);
  });

  test('is not led away from what a pod says itself, in part or with a no', () => {
    for (const own of [{ 'prometheus.io/port': '9100' }, { 'prometheus.io/scrape': 'false' }]) {
      const found = Object.entries(annotationsOf(own)).filter(([name]) => name.startsWith('prometheus.io/'));
      assert.deepEqual(Object.fromEntries(found), own);
    }
  });

  test('is told nothing where the pod or the mesh does not want it', () => {
    assert.equal(annotationsOf({ 'proxy.weft.dev/scrape': 'false' })['prometheus.io/scrape'], undefined);
  });

  test('is forgotten when the proxy goes', () => {
    const pod = testPod({ metadata: { annotations: { mine: 'stays' } } });
    const { pod: injected } = injectPod(pod, prepareInjection(testContext()));
    assert.deepEqual(restorePod(injected).pod.metadata?.annotations, { mine: 'stays' });
  });
});
