/** The schemas of TelemetryPolicy and MeshConfig at the real API server: what they take, and the codes of what they refuse. */

import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type ApiServer, ensureBinary, startApiServer } from '../../dev/cluster/cluster.ts';
import { run, tryRun } from '../../dev/command.ts';

let apiServer: ApiServer;
let kubectl = '';

before(async () => {
  kubectl = await ensureBinary('kubectl', console.error);
  apiServer = await startApiServer({ withControllers: false, log: console.error });
  const crds = globSync(new URL('../../crds/*.yaml', import.meta.url).pathname).flatMap((file) => [
    '-f',
    file,
  ]);
  await run([kubectl, '--kubeconfig', apiServer.kubeconfigPath, 'apply', '--server-side', ...crds]);
  const names = ['telemetrypolicies', 'meshconfigs'].map((plural) => `crd/${plural}.weft.dev`);
  const established = ['wait', '--for=condition=Established', '--timeout=30s', ...names];
  await run([kubectl, '--kubeconfig', apiServer.kubeconfigPath, ...established]);
});

after(() => apiServer.stop());

/** What kubectl says where the server refuses the object, else undefined. Nothing is kept. */
async function refusal(kind: string, spec: unknown): Promise<string | undefined> {
  const object = { apiVersion: 'weft.dev/v1alpha1', kind, metadata: { name: 'default' }, spec };
  const result = await tryRun(
    [kubectl, '--kubeconfig', apiServer.kubeconfigPath, 'create', '--dry-run=server', '-f', '-'],
    { input: JSON.stringify(object) },
  );
  return result.code === 0 ? undefined : result.stderr;
}

const gatewayAPI = 'gateway.networking.k8s.io';
const route = { group: gatewayAPI, kind: 'HTTPRoute', name: 'r' };
const on = { mode: 'On' };

describe('TelemetryPolicy', () => {
  for (const [what, spec] of [
    [
      'every field',
      {
        targetRefs: [
          { group: 'apps', kind: 'Deployment', name: 'web' },
          { group: gatewayAPI, kind: 'Gateway', name: 'web' },
        ],
        accessLog: {
          format: { json: [{ name: 'a', value: '%DURATION%' }] },
          filter: { statusClasses: ['4xx', 'none'], minDuration: '1m30s', samplingPercent: 0.25 },
          provider: 'collector',
        },
        tracing: {
          provider: 'collector',
          samplingPercent: 33.3333,
          customTags: [
            { name: 'a', literal: 'b' },
            { name: 'c', requestHeader: 'x-c' },
          ],
          forceHeader: 'x-trace',
          readB3: true,
        },
        metrics: { mode: 'Off' },
        tap: 'Deny',
      },
    ],
    ['a share for a route', { targetRefs: [route], tracing: { samplingPercent: 50 } }],
    ['a whole share', { tracing: { samplingPercent: 100 } }],
  ] as const) {
    test(`takes ${what}`, async () => {
      assert.equal(await refusal('TelemetryPolicy', spec), undefined);
    });
  }

  for (const [code, spec] of [
    [
      'WEFT-CRD-20',
      { targetRefs: [route], selector: { matchLabels: { a: 'b' } }, tracing: { samplingPercent: 1 } },
    ],
    ['WEFT-CRD-40', { accessLog: { mode: 'on' } }],
    ['WEFT-CRD-41', { tracing: { samplingPercent: 100.5 } }],
    ['WEFT-CRD-41', { accessLog: { filter: { samplingPercent: -1 } } }],
    ['WEFT-CRD-42', { tracing: { forceHeader: 'X-Trace' } }],
    ['WEFT-CRD-42', { tracing: { customTags: [{ name: 'a', requestHeader: "x' || true" }] } }],
    ['WEFT-CRD-43', { accessLog: { format: { text: 'a', json: [{ name: 'a', value: 'b' }] } } }],
    ['WEFT-CRD-44', { accessLog: { format: { json: [{ name: 'a b', value: 'b' }] } } }],
    ['WEFT-CRD-45', { accessLog: { filter: { statusClasses: ['404'] } } }],
    ['WEFT-CRD-46', { accessLog: { filter: { minDuration: '1.5s' } } }],
    ['WEFT-CRD-47', { tracing: { customTags: [{ name: 'a', literal: 'b', requestHeader: 'c' }] } }],
    ['WEFT-CRD-48', { targetRefs: [{ group: '', kind: 'Pod', name: 'p' }], tap: 'Deny' }],
    ['WEFT-CRD-49', { tap: 'No' }],
    ['WEFT-CRD-50', {}],
    ['WEFT-CRD-51', { targetRefs: [route], tap: 'Deny' }],
    ['WEFT-CRD-51', { targetRefs: [route], tracing: { samplingPercent: 1, readB3: true } }],
    [
      'WEFT-CRD-51',
      { targetRefs: [route, { group: '', kind: 'Service', name: 's' }], tracing: { samplingPercent: 1 } },
    ],
  ] as const) {
    test(`refuses with ${code} ${JSON.stringify(spec)}`, async () => {
      assert.match((await refusal('TelemetryPolicy', spec)) ?? 'taken', new RegExp(`${code}:`));
    });
  }
});

describe('telemetry of MeshConfig', () => {
  const address = { name: 'outside', address: 'otel.corp.example:4317' };
  const service = { name: 'collector', service: { namespace: 'observe', name: 'collector', port: 4317 } };

  test('takes providers by Service, name and address, and what names them', async () => {
    const telemetry = {
      providers: [service, address, { name: 'v6', address: '[fd00::1]:4318', protocol: 'HTTP' }],
      accessLog: { provider: 'v6' },
      tracing: { provider: 'collector' },
      metrics: { provider: 'outside' },
    };
    assert.equal(await refusal('MeshConfig', { telemetry }), undefined);
  });

  for (const [code, telemetry] of [
    ['WEFT-CRD-52', { providers: [{ ...service, ...address }] }],
    ['WEFT-CRD-52', { providers: [{ name: 'a' }] }],
    ['WEFT-CRD-53', { providers: [{ name: 'a', address: 'http://otel:4317' }] }],
    ['WEFT-CRD-53', { providers: [{ name: 'a', address: 'otel:0' }] }],
    ['WEFT-CRD-53', { providers: [{ name: 'a', address: 'otel:65536' }] }],
    ['WEFT-CRD-53', { providers: [{ name: 'a', address: 'fd00::1:4317' }] }],
    ['WEFT-CRD-54', { tracing: { provider: 'a' } }],
    ['WEFT-CRD-54', { providers: [service], accessLog: { provider: 'a' } }],
    ['WEFT-CRD-54', { metrics: { provider: 'a' } }],
    ['WEFT-CRD-55', { tracing: on }],
    ['WEFT-CRD-56', { providers: [{ name: 'A', address: 'otel:1' }] }],
    ['WEFT-CRD-57', { providers: [{ ...address, protocol: 'JSON' }] }],
    ['WEFT-CRD-58', { providers: [{ name: 'a', service: { namespace: 'a', name: 'a', port: 0 } }] }],
  ] as const) {
    test(`refuses with ${code} ${JSON.stringify(telemetry)}`, async () => {
      assert.match((await refusal('MeshConfig', { telemetry })) ?? 'taken', new RegExp(`${code}:`));
    });
  }
});
