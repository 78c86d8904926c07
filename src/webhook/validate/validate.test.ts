import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { validateChange, validatedKinds } from './validate.ts';

/** `refused <code> <field>` or the codes and fields of the warnings. */
function verdict(kind: string, object: unknown, old?: unknown): string {
  const findings = validateChange(kind, { object, old });
  assert.ok(findings !== undefined);
  const { refusal, warnings } = findings;
  const texts = warnings.map((finding) => `warned ${finding.code} ${finding.field ?? ''}`.trim());
  if (refusal !== undefined) texts.unshift(`refused ${refusal.code} ${refusal.field ?? ''}`.trim());
  return texts.join(', ');
}

/** As the API server sends it: the schema's defaults are filled in. */
function meshConfig(spec: Record<string, unknown> = {}): unknown {
  return {
    kind: 'MeshConfig',
    metadata: { name: 'default' },
    spec: {
      trustDomain: 'cluster.local',
      mtls: { mode: 'Permissive' },
      outbound: { policy: 'Allow' },
      proxy: {},
      ...spec,
    },
  };
}

test('Every kind of the mesh is validated, and no other', () => {
  assert.deepEqual(validatedKinds, [
    'MeshConfig',
    'MutualTLSPolicy',
    'TelemetryPolicy',
    'CertificateAuthority',
  ]);
  for (const kind of ['Pod', 'constructor', '__proto__']) {
    assert.equal(validateChange(kind, { object: meshConfig(), old: undefined }), undefined);
  }
});

suite('MeshConfig', () => {
  const ranges = (...meshCIDRs: string[]) =>
    verdict('MeshConfig', meshConfig({ outbound: { policy: 'Allow', meshCIDRs } }));

  test('is accepted with nothing but defaults', () => {
    assert.equal(verdict('MeshConfig', meshConfig()), '');
  });

  test('may name ranges of both families, also written in unusual ways', () => {
    assert.equal(
      ranges('10.96.0.0/16', 'fd00:10::/64', '192.0.2.7/32', '::1/128', '0:0:0:0::/65', 'FD00::/8'),
      '',
    );
  });

  test('may not name a range by an address inside it', () => {
    assert.equal(ranges('10.96.0.0/16', '10.96.0.1/16'), 'refused WEFT-VAL-01 spec.outbound.meshCIDRs[1]');
    assert.equal(ranges('fd00::1/64'), 'refused WEFT-VAL-01 spec.outbound.meshCIDRs[0]');
    assert.equal(ranges('128.0.0.1/1'), 'refused WEFT-VAL-01 spec.outbound.meshCIDRs[0]');
    assert.equal(ranges('::ffff:10.0.0.1/112'), 'refused WEFT-VAL-01 spec.outbound.meshCIDRs[0]');
  });

  test('may not claim every address there is', () => {
    assert.equal(ranges('10.0.0.0/8', '0.0.0.0/0'), 'refused WEFT-VAL-02 spec.outbound.meshCIDRs[1]');
    assert.equal(ranges('::/0'), 'refused WEFT-VAL-02 spec.outbound.meshCIDRs[0]');
  });

  test('warns of images that may change under the same name', () => {
    const images = (image: string) => verdict('MeshConfig', meshConfig({ proxy: { image } }));
    for (const fixed of [
      'envoy:v1.40.0',
      'registry:5000/envoy:v1',
      'envoy@sha256:abc',
      'r:5000/a/envoy:latest@sha256:a',
    ]) {
      assert.equal(images(fixed), '', fixed);
    }
    for (const floating of ['envoy', 'envoy:latest', 'registry:5000/envoy']) {
      assert.equal(images(floating), 'warned WEFT-VAL-04 spec.proxy.image', floating);
    }
    const both = meshConfig({ proxy: { image: 'a', redirectImage: 'b' } });
    assert.equal(
      verdict('MeshConfig', both),
      'warned WEFT-VAL-04 spec.proxy.image, warned WEFT-VAL-04 spec.proxy.redirectImage',
    );
  });

  test('warns when nobody is to use mutual TLS', () => {
    assert.equal(
      verdict('MeshConfig', meshConfig({ mtls: { mode: 'Disabled' } })),
      'warned WEFT-VAL-05 spec.mtls.mode',
    );
  });

  test('warns on deletion when the trust domain changes with it', () => {
    assert.equal(verdict('MeshConfig', undefined, meshConfig()), '');
    assert.equal(
      verdict('MeshConfig', undefined, meshConfig({ trustDomain: 'corp.example' })),
      'warned WEFT-VAL-03 spec.trustDomain',
    );
  });
});

suite('MutualTLSPolicy', () => {
  const policy = (spec: Record<string, unknown>) =>
    verdict('MutualTLSPolicy', {
      metadata: { name: 'p', namespace: 'shop' },
      spec: { mode: 'Strict', ...spec },
    });
  const target = (kind: string, name: string) => ({ group: kind === 'Service' ? '' : 'apps', kind, name });

  test('is accepted for a namespace, for targets and for labels', () => {
    assert.equal(policy({}), '');
    assert.equal(policy({ targetRefs: [target('Service', 'web'), target('Deployment', 'web')] }), '');
    const matchLabels = { app: 'web', 'app.kubernetes.io/name': 'a.B_c-1', empty: '' };
    assert.equal(policy({ selector: { matchLabels } }), '');
  });

  test('may not name a target twice', () => {
    const targetRefs = [target('Service', 'web'), target('Service', 'db'), target('Service', 'web')];
    assert.equal(policy({ targetRefs }), 'refused WEFT-VAL-10 spec.targetRefs[2]');
  });

  test('may not select by a label that no pod can have', () => {
    for (const [key, value] of [
      ['a b', 'x'],
      ['-a', 'x'],
      ['Example.com/a', 'x'],
      ['a'.repeat(64), 'x'],
      ['a', 'x y'],
      ['a', '-x'],
      ['a/b/c', 'x'],
    ] as const) {
      assert.equal(
        policy({ selector: { matchLabels: { [key]: value } } }),
        `refused WEFT-VAL-11 spec.selector.matchLabels[${key}]`,
      );
    }
  });

  test('is deleted without a word', () => {
    assert.equal(verdict('MutualTLSPolicy', undefined, { spec: { mode: 'Strict' } }), '');
  });
});

suite('CertificateAuthority', () => {
  const authority = (rootLifetime: string, notAfter?: string): unknown => ({
    metadata: { name: 'default' },
    spec: { rootLifetime },
    status: notAfter === undefined ? {} : { root: { notAfter } },
  });

  test('warns that the root in use keeps its expiry', () => {
    const old = authority('87600h', '2036-08-01T00:00:00Z');
    assert.equal(
      verdict('CertificateAuthority', authority('43800h'), old),
      'warned WEFT-VAL-20 spec.rootLifetime',
    );
    assert.equal(verdict('CertificateAuthority', authority('87600h'), old), '');
    assert.equal(verdict('CertificateAuthority', authority('43800h'), authority('87600h')), '');
    assert.equal(verdict('CertificateAuthority', authority('43800h')), '');
  });

  test('warns on deletion that the defaults come back', () => {
    assert.equal(verdict('CertificateAuthority', undefined, authority('87600h')), 'warned WEFT-VAL-21');
  });
});

suite('telemetry', () => {
  const policy = (spec: Record<string, unknown>): string => verdict('TelemetryPolicy', { spec });
  const log = (format: unknown, filter: unknown = {}): Record<string, unknown> => ({
    accessLog: { mode: 'On', format, filter },
  });

  test('formats that Envoy takes are admitted, others are refused where they stand', () => {
    assert.equal(policy(log({ text: '%REQ(:METHOD)% 100%%' })), '');
    assert.equal(policy(log({ text: '%' })), 'refused WEFT-VAL-30 spec.accessLog.format.text');
    const json = [
      { name: 'a', value: 'b' },
      { name: 'c', value: '%NO_SUCH%' },
    ];
    assert.equal(policy(log({ json })), 'refused WEFT-VAL-30 spec.accessLog.format.json[1].value');
    assert.equal(
      verdict('MeshConfig', meshConfig({ telemetry: log({ text: '%REQ%' }) })),
      'refused WEFT-VAL-30 spec.telemetry.accessLog.format.text',
    );
  });

  test('a log of nothing is worth a warning', () => {
    const field = 'accessLog.filter.samplingPercent';
    assert.equal(policy(log(undefined, { samplingPercent: 0 })), `warned WEFT-VAL-31 spec.${field}`);
    assert.equal(policy(log(undefined, { samplingPercent: 0.1 })), '');
    assert.equal(policy({ accessLog: { mode: 'Off', filter: { samplingPercent: 0 } } }), '');
    assert.equal(
      verdict('MeshConfig', meshConfig({ telemetry: log(undefined, { samplingPercent: 0 }) })),
      `warned WEFT-VAL-31 spec.telemetry.${field}`,
    );
  });

  test('targets and labels are looked at as those of every policy', () => {
    const target = { group: 'apps', kind: 'Deployment', name: 'web' };
    assert.equal(
      policy({ targetRefs: [target, target], tap: 'Deny' }),
      'refused WEFT-VAL-10 spec.targetRefs[1]',
    );
    assert.equal(
      policy({ selector: { matchLabels: { 'a b': 'c' } }, tap: 'Deny' }),
      'refused WEFT-VAL-11 spec.selector.matchLabels[a b]',
    );
    assert.equal(verdict('TelemetryPolicy', undefined, { spec: { tap: 'Deny' } }), '');
  });
});
