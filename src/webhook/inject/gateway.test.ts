import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeftError } from '../../base/errors.ts';
import { gatewayPod } from './gateway.ts';
import { prepareInjection } from './inject.ts';
import { testContext } from './testing.ts';

const prepared = prepareInjection(testContext());

function container(own: Readonly<Record<string, string>> = {}, uid = 'uid-1') {
  const [only, ...others] = gatewayPod(prepared, own, uid).spec.containers;
  assert.deepEqual(others, []);
  assert.ok(only !== undefined);
  return only;
}

function healthRoutes(own: Readonly<Record<string, string>> = {}): string {
  return container(own).args?.[1] ?? '';
}

test('the proxy is the pod’s own container, and nothing is redirected to it', () => {
  const { spec } = gatewayPod(prepared, {}, 'uid-1');
  assert.equal(spec.initContainers, undefined);
  assert.equal(container().restartPolicy, undefined);
  assert.equal(container().name, 'weft-proxy');
});

test('it has what the restricted profile of pod security demands, and may bind any port', () => {
  const { spec } = gatewayPod(prepared, {}, 'uid-1');
  const { securityContext } = container();
  assert.equal(spec.securityContext?.runAsNonRoot, true);
  assert.deepEqual(spec.securityContext?.seccompProfile, { type: 'RuntimeDefault' });
  assert.deepEqual(spec.securityContext?.sysctls, [
    { name: 'net.ipv4.ip_unprivileged_port_start', value: '0' },
  ]);
  assert.equal(securityContext?.allowPrivilegeEscalation, false);
  assert.equal(securityContext?.readOnlyRootFilesystem, true);
  assert.deepEqual(securityContext?.capabilities, { drop: ['ALL'] });
  assert.equal(spec.automountServiceAccountToken, false);
});

test('all pods of a Gateway are made alike, those of another differ', () => {
  assert.deepEqual(container(), container());
  const hook = (uid: string) => container({}, uid).lifecycle?.preStop?.httpGet?.path;
  assert.equal(hook('uid-1'), hook('uid-1'));
  assert.notEqual(hook('uid-1'), hook('uid-2'));
});

test('the hook before its end lasts as long as the drain, and the pod is given longer', () => {
  assert.match(healthRoutes(), /"fixed_delay":"10s"/);
  assert.equal(gatewayPod(prepared, {}, 'uid-1').spec.terminationGracePeriodSeconds, 25);
  assert.match(healthRoutes({ 'drain-seconds': '45' }), /"fixed_delay":"45s"/);
  assert.equal(
    gatewayPod(prepared, { 'drain-seconds': '45' }, 'uid-1').spec.terminationGracePeriodSeconds,
    60,
  );
});

test('a drain of no time delays nothing', () => {
  assert.doesNotMatch(healthRoutes({ 'drain-seconds': '0' }), /fixed_delay/);
});

test('a proxy with a memory limit sheds load before the kernel ends it', () => {
  assert.match(healthRoutes({ 'memory-limit': '100Mi' }), /"max_heap_size_bytes":83886080/);
  assert.doesNotMatch(healthRoutes(), /fixed_heap/);
});

test('settings are those of a pod’s annotations, and are refused like those', () => {
  const { args, resources } = container({ cpu: '500m', 'log-level': 'debug' });
  assert.equal(resources?.requests?.['cpu'], '500m');
  assert.ok(args?.includes('debug'));
  assert.throws(
    () => container({ cpu: 'lots' }),
    (error) => error instanceof WeftError && error.code === 'WEFT-POD-09',
  );
});
