import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { V1Pod } from '@kubernetes/client-node';
import { decide, type Subject } from './decide.ts';
import { injectPod, prepareInjection } from './inject.ts';
import { testContext, testPod } from './testing.ts';

const asked = { 'weft.dev/inject': 'enabled' };

type Changes = Parameters<typeof testPod>[0];

/** `injected`, or `<outcome> <code> <field>`. */
function verdict(changes: Changes, subject: Partial<Subject> = {}): string {
  const decision = decide({
    pod: testPod(changes),
    namespace: 'shop',
    namespaceLabels: { 'weft.dev/inject': 'enabled' },
    controlPlaneNamespace: 'weft-system',
    ...subject,
  });
  if (decision.inject) return ['injected', ...decision.warnings.map((warning) => warning.code)].join(' ');
  const { refused, unexpected, reason } = decision;
  const outcome = refused ? 'refused' : unexpected ? 'skipped' : 'left';
  return [outcome, reason.code, reason.field].filter((part) => part !== undefined).join(' ');
}

/** The pod has asked itself; then the namespace has. */
function both(changes: Changes): readonly [pod: string, namespace: string] {
  const labels = { ...changes?.metadata?.labels, ...asked };
  return [verdict({ ...changes, metadata: { ...changes?.metadata, labels } }), verdict(changes)];
}

suite('Who asked', () => {
  const cases: readonly [string, string | undefined, string | undefined, string][] = [
    ['the namespace', undefined, 'enabled', 'injected'],
    ['the pod', 'enabled', undefined, 'injected'],
    ['the pod, against its namespace', 'enabled', 'disabled', 'injected'],
    ['nobody', undefined, undefined, 'left WEFT-POD-02'],
    ['the namespace, against the pod', 'disabled', 'enabled', 'left WEFT-POD-02'],
    ['nobody: the namespace says disabled', undefined, 'disabled', 'left WEFT-POD-02'],
    ['someone who wrote true', 'true', 'enabled', 'refused WEFT-POD-03 metadata.labels[weft.dev/inject]'],
  ];
  for (const [who, pod, namespace, expected] of cases) {
    test(`${who}: ${expected}`, () => {
      const labels = (value: string | undefined): Record<string, string> =>
        value === undefined ? {} : { 'weft.dev/inject': value };
      const actual = verdict({ metadata: { labels: labels(pod) } }, { namespaceLabels: labels(namespace) });
      assert.equal(actual, expected);
    });
  }

  test('a namespace that is not known yet counts as asking, since the API server has matched its label', () => {
    assert.equal(verdict({}, { namespaceLabels: undefined }), 'injected');
  });

  test('a person, for one manifest: labels do not matter, except disabled', () => {
    const subject = { requested: true, namespaceLabels: {} };
    assert.equal(verdict({}, subject), 'injected');
    assert.equal(
      verdict({ metadata: { labels: { 'weft.dev/inject': 'disabled' } } }, subject),
      'left WEFT-POD-02',
    );
    assert.equal(verdict({ spec: { hostNetwork: true } }, subject), 'refused WEFT-POD-01 spec.hostNetwork');
  });
});

suite('Where a proxy cannot be had, a pod that asked is refused and a pod of a meshed namespace goes without', () => {
  test('on the network of the node', () => {
    assert.deepEqual(both({ spec: { hostNetwork: true } }), [
      'refused WEFT-POD-01 spec.hostNetwork',
      'skipped WEFT-POD-01 spec.hostNetwork',
    ]);
  });

  test('on Windows', () => {
    assert.deepEqual(both({ spec: { os: { name: 'windows' } } }), [
      'refused WEFT-POD-05 spec.os.name',
      'skipped WEFT-POD-05 spec.os.name',
    ]);
    const field = 'spec.nodeSelector[kubernetes.io/os]';
    assert.deepEqual(both({ spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }), [
      `refused WEFT-POD-05 ${field}`,
      `skipped WEFT-POD-05 ${field}`,
    ]);
    assert.equal(verdict({ spec: { os: { name: 'linux' } } }), 'injected');
  });

  test('in the namespace of the control plane', () => {
    const subject = { namespace: 'weft-system' };
    assert.equal(verdict({}, subject), 'skipped WEFT-POD-04');
    assert.equal(verdict({ metadata: { labels: asked } }, subject), 'refused WEFT-POD-04');
  });

  test('in the mirror of a static pod, which nobody can refuse', () => {
    const annotations = { 'kubernetes.io/config.mirror': 'abc' };
    assert.deepEqual(both({ metadata: { annotations } }), ['skipped WEFT-POD-12', 'skipped WEFT-POD-12']);
  });
});

suite('A pod that would escape or break its proxy is refused', () => {
  const container = { name: 'web', image: 'web:1' };

  test('when a container runs as the proxy’s user, by itself or by the pod', () => {
    const runAsProxy = { securityContext: { runAsUser: 1337000042 } };
    assert.equal(
      verdict({ spec: { containers: [container, { ...container, name: 'b', ...runAsProxy }] } }),
      'refused WEFT-POD-06 spec.containers[1].securityContext.runAsUser',
    );
    assert.equal(
      verdict({ spec: { initContainers: [{ ...container, name: 'i', ...runAsProxy }] } }),
      'refused WEFT-POD-06 spec.initContainers[0].securityContext.runAsUser',
    );
    assert.equal(verdict({ spec: { ...runAsProxy } }), 'refused WEFT-POD-06 spec.securityContext.runAsUser');
    const overridden = { ...container, securityContext: { runAsUser: 1000 } };
    assert.equal(verdict({ spec: { ...runAsProxy, containers: [overridden] } }), 'injected');
  });

  test('when it uses names of Weft’s own', () => {
    assert.equal(
      verdict({ spec: { containers: [container, { ...container, name: 'weft-proxy' }] } }),
      'refused WEFT-POD-07 spec.containers[1].name',
    );
    assert.equal(
      verdict({ spec: { volumes: [{ name: 'data' }, { name: 'weft-admin', emptyDir: {} }] } }),
      'refused WEFT-POD-07 spec.volumes[1].name',
    );
  });

  test('when the application mounts the proxy’s key or admin socket, also after injection', () => {
    const injected = injectPod(testPod(), prepareInjection(testContext())).pod as V1Pod;
    assert.equal(verdict({ spec: injected.spec ?? {} }), 'injected');
    const volumeMounts = [{ name: 'weft-identity', mountPath: '/stolen' }];
    assert.equal(
      verdict({ spec: { ...injected.spec, containers: [{ ...container, volumeMounts }] } }),
      'refused WEFT-POD-07 spec.containers[0].volumeMounts[0].name',
    );
  });

  test('when it wants a port of the proxy, unless over UDP', () => {
    const on = (containerPort: number, protocol?: string) => ({
      spec: { containers: [{ ...container, ports: [{ containerPort, ...(protocol ? { protocol } : {}) }] }] },
    });
    for (const port of [15001, 15006, 15020, 15021]) {
      assert.equal(verdict(on(port)), 'refused WEFT-POD-08 spec.containers[0].ports[0].containerPort');
    }
    assert.equal(verdict(on(15021, 'UDP')), 'injected');
    assert.equal(verdict(on(8080)), 'injected');
  });
});

test('A pod without the DNS of the cluster is injected with a warning', () => {
  assert.equal(verdict({ spec: { dnsPolicy: 'Default' } }), 'injected WEFT-POD-11');
  assert.equal(verdict({ spec: { dnsPolicy: 'None' } }), 'injected WEFT-POD-11');
  assert.equal(verdict({ spec: { dnsPolicy: 'ClusterFirst' } }), 'injected');
});
