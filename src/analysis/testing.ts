/** For tests: what is found in a small mesh, with objects put over it that are wrong, or only nearly. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check } from './check.ts';
import type { Situation } from './facts.ts';
import { parseObjects } from './files.ts';
import type { Finding } from './types.ts';
import { type AnalyzeResult, analyzeObjects } from './world.ts';

export const nowMs = Date.parse('2026-09-01T12:00:00Z');

const deployment = (name: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop}
spec:
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      serviceAccountName: ${name}
      containers:
        - name: ${name}
          ports: [{name: web, containerPort: 8080}]
          readinessProbe: {httpGet: {port: 8080}}
`;

const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec:
  clusterIP: 10.96.0.${name.length}
  clusterIPs: [10.96.0.${name.length}]
  selector: {app: ${name}}
  ports: [{name: http, port: 80, targetPort: 8080}]
`;

/** Two workloads with a Service each, in a namespace of the mesh, and Weft's class; nothing is wrong with it. */
export const shop: string = [
  `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {weft.dev/inject: enabled}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: weft}
spec: {controllerName: weft.dev/mesh}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gatewayclasses.gateway.networking.k8s.io
  annotations: {gateway.networking.k8s.io/bundle-version: v1.6.3, gateway.networking.k8s.io/channel: standard}
`,
  service('web'),
  deployment('web'),
  service('catalog'),
  deployment('catalog'),
].join('---\n');

export const defaults = {
  image: 'envoyproxy/envoy:test',
  redirectImage: 'weft/redirect:test',
  imagePullPolicy: 'IfNotPresent',
} as const;

/** All is known, at `nowMs`. `existing` is what a cluster has beside the shop. */
export async function analyze(
  text: string,
  { existing = '', ...situation }: Partial<Situation> & { readonly existing?: string } = {},
): Promise<AnalyzeResult> {
  return analyzeObjects(parseObjects(`${shop}\n---\n${text}`, 'test', 'shop'), {
    defaults,
    situation: { nowMs, controlPlaneNamespace: 'weft-system', unknownKinds: [], ...situation },
    existing: parseObjects(existing, 'existing', 'shop'),
  });
}

/** `WEFT-ANL-10 HTTPRoute shop/web spec.rules[0]`. */
export function nameOf({ code, object, path }: Finding): string {
  const { kind, namespace, name } = object;
  return `${code} ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name} ${path}`.trimEnd();
}

export interface CheckCase {
  readonly code: string;
  /** What somebody wrote, in few words. */
  readonly when: string;
  readonly hit: string;
  /** `HTTPRoute shop/web spec.rules[0]`: object and path of the finding. */
  readonly at: string;
  /** As near to it as it can be without being wrong. */
  readonly miss: string;
  readonly situation?: Parameters<typeof analyze>[1];
  /** For `miss`, where it is another one. */
  readonly missSituation?: Parameters<typeof analyze>[1];
}

/** Each case is found where it should be, and nothing of its code in what is nearly so; no check is without a case. */
export function testChecks(
  checks: readonly Pick<Check<never>, 'code' | 'severity'>[],
  cases: readonly CheckCase[],
): void {
  for (const { code, when, hit, at, miss, situation, missSituation = situation } of cases) {
    test(`${code} is found where ${when}, and not in what only looks like it`, async () => {
      const found = await analyze(hit, situation);
      assert.deepEqual(found.failures, []);
      const finding = found.findings.find((each) => nameOf(each) === `${code} ${at}`);
      assert.ok(finding !== undefined, `found: ${found.findings.map(nameOf).join(', ')}`);
      assert.equal(finding.severity, checks.find((check) => check.code === code)?.severity);
      assert.match(finding.message, /[^.]$/);
      assert.match(finding.fix, /[.)]$/);
      const near = await analyze(miss, missSituation);
      assert.deepEqual(near.failures, []);
      assert.deepEqual(near.findings.filter((each) => each.code === code).map(nameOf), []);
    });
  }
  test('every check has a case', () => {
    const covered = new Set(cases.map(({ code }) => code));
    assert.deepEqual(
      checks.map(({ code }) => code).filter((code) => !covered.has(code)),
      [],
    );
  });
}

export const kinds = {
  route: (spec: string, kind = 'HTTPRoute', name = 'r', namespace = 'shop'): string =>
    `apiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`,
  service: (spec: string, name = 'web', namespace = 'shop'): string =>
    `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`,
  gateway: (spec: string, name = 'g', namespace = 'shop'): string =>
    `apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`,
  policy: (spec: string, name = 'p', more = ''): string =>
    `apiVersion: weft.dev/v1alpha1\nkind: MutualTLSPolicy\nmetadata: {name: ${name}, namespace: shop${more}}\nspec: ${spec}\n---\n`,
  meshConfig: (spec: string, name = 'default'): string =>
    `apiVersion: weft.dev/v1alpha1\nkind: MeshConfig\nmetadata: {name: ${name}}\nspec: ${spec}\n---\n`,
  namespace: (metadata: string): string => `apiVersion: v1\nkind: Namespace\nmetadata: ${metadata}\n---\n`,
  /** `template` is what the pod template has beside its labels. */
  deployment: (name: string, metadata: string, spec: string, own = '{}'): string =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: shop, labels: ${own}}\nspec:\n  template:\n    metadata: ${metadata}\n    spec: ${spec}\n---\n`,
} as const;
