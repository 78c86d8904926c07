import { kinds, testChecks } from '../testing.ts';
import { authorityChecks } from './authority.ts';
import { meshConfigChecks } from './mesh-config.ts';
import { policyChecks } from './policies.ts';
import { meshTelemetryChecks, telemetryPolicyChecks } from './telemetry.ts';
import { trafficPolicyChecks } from './traffic-policies.ts';

const { policy, meshConfig, deployment } = kinds;
const traffic = (name: string, of: string): string =>
  `apiVersion: gateway.networking.x-k8s.io/v1alpha1\nkind: XBackendTrafficPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: {targetRefs: [{group: "", kind: Service, name: ${of}}], retryConstraint: {budget: {percent: 20}}}\n---\n`;
const authority = (name: string, spec: string, notAfter = '2036-01-01T00:00:00Z'): string =>
  `apiVersion: weft.dev/v1alpha1\nkind: CertificateAuthority\nmetadata: {name: ${name}}\nspec: ${spec}\nstatus: {root: {notAfter: "${notAfter}"}}\n---\n`;
const lifetimes =
  '{rootLifetime: 87600h, intermediateLifetime: 8760h, workloadLifetime: 24h, servingLifetime: 24h}';
const range =
  'apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: kubernetes}\nspec: {cidrs: [10.96.0.0/12]}\n---\n';
const plain = deployment(
  'old',
  '{labels: {app: old, weft.dev/inject: disabled}}',
  '{containers: [{name: old}]}',
);
const target = (name: string): string => `{group: apps, kind: Deployment, name: ${name}}`;

const telemetry = (spec: string, name = 't'): string =>
  `apiVersion: weft.dev/v1alpha1\nkind: TelemetryPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const collector =
  'providers: [{name: collector, protocol: GRPC, service: {namespace: shop, name: catalog, port: 80}}]';

testChecks(
  [
    ...policyChecks,
    ...trafficPolicyChecks,
    ...meshConfigChecks,
    ...authorityChecks,
    ...telemetryPolicyChecks,
    ...meshTelemetryChecks,
  ],
  [
    {
      code: 'WEFT-ANL-80',
      when: 'no target exists',
      hit: policy(`{mode: Strict, targetRefs: [${target('wep')}]}`),
      at: 'MutualTLSPolicy shop/p spec.targetRefs[0]',
      miss: policy(`{mode: Strict, targetRefs: [${target('web')}]}`),
    },
    {
      code: 'WEFT-ANL-81',
      when: 'one of two targets does not exist',
      hit: policy(`{mode: Strict, targetRefs: [${target('web')}, ${target('wep')}]}`),
      at: 'MutualTLSPolicy shop/p spec.targetRefs[1]',
      miss: policy(
        `{mode: Strict, targetRefs: [${target('web')}, {group: "", kind: Service, name: catalog}]}`,
      ),
    },
    {
      code: 'WEFT-ANL-82',
      when: 'another policy of the namespace comes first',
      hit: `${policy('{mode: Strict}')}${policy('{mode: Permissive}', 'a')}`,
      at: 'MutualTLSPolicy shop/p spec',
      miss: `${policy('{mode: Strict}')}${policy('{mode: Permissive, selector: {matchLabels: {app: web}}}', 'a')}`,
    },
    {
      code: 'WEFT-ANL-83',
      when: 'no pod in the mesh has the labels',
      hit: policy('{mode: Strict, selector: {matchLabels: {app: wep}}}'),
      at: 'MutualTLSPolicy shop/p spec.selector',
      miss: policy('{mode: Strict, selector: {matchLabels: {app: web}}}'),
    },
    {
      code: 'WEFT-ANL-84',
      when: 'the mesh is stricter than the policy',
      hit: `${meshConfig('{mtls: {mode: Strict}}')}${policy('{mode: Permissive}')}`,
      at: 'MutualTLSPolicy shop/p spec.mode',
      miss: policy('{mode: Permissive}'),
    },
    {
      code: 'WEFT-ANL-85',
      when: 'a Strict namespace has a workload without proxies',
      hit: `${policy('{mode: Strict}')}${plain}`,
      at: 'MutualTLSPolicy shop/p spec.mode',
      miss: `${policy('{mode: Strict, selector: {matchLabels: {app: web}}}')}${plain}`,
    },
    {
      code: 'WEFT-ANL-86',
      when: 'another policy for the Service comes first',
      hit: `${traffic('a', 'web')}${traffic('b', 'web')}`,
      at: 'XBackendTrafficPolicy shop/b spec.targetRefs[0]',
      miss: `${traffic('a', 'web')}${traffic('b', 'catalog')}`,
    },
    {
      code: 'WEFT-ANL-87',
      when: 'MeshConfig has no such provider',
      hit: telemetry('{tracing: {mode: On, provider: gone}}'),
      at: 'TelemetryPolicy shop/t spec',
      miss: `${meshConfig(`{telemetry: {${collector}}}`)}${telemetry('{tracing: {mode: On, provider: collector}}')}`,
    },
    {
      code: 'WEFT-ANL-88',
      when: 'it means no pod of the mesh',
      hit: telemetry('{tap: Deny, selector: {matchLabels: {app: wep}}}'),
      at: 'TelemetryPolicy shop/t spec.selector',
      miss: telemetry('{tap: Deny, selector: {matchLabels: {app: web}}}'),
    },
    {
      code: 'WEFT-ANL-89',
      when: 'a secret header is logged',
      hit: telemetry('{accessLog: {mode: On, format: {text: "%REQ(Authorization)%"}}}'),
      at: 'TelemetryPolicy shop/t spec.accessLog.format.text',
      miss: telemetry(
        '{accessLog: {mode: On, format: {text: "%REQ(X-AUTHORIZATION-RESULT)% %RESP(SET-COOKIE)%"}}}',
      ),
    },
    {
      code: 'WEFT-ANL-89',
      when: 'a secret header is an attribute of all spans',
      hit: meshConfig(
        `{telemetry: {${collector}, tracing: {mode: On, provider: collector, customTags: [{name: a, requestHeader: cookie}]}}}`,
      ),
      at: 'MeshConfig default spec.telemetry.tracing.customTags[0].requestHeader',
      miss: meshConfig(
        `{telemetry: {${collector}, tracing: {mode: On, provider: collector, customTags: [{name: a, requestHeader: x-tenant}]}}}`,
      ),
    },
    {
      code: 'WEFT-ANL-118',
      when: 'every request is traced',
      hit: meshConfig(
        `{telemetry: {${collector}, tracing: {mode: On, provider: collector, samplingPercent: 100}}}`,
      ),
      at: 'MeshConfig default spec.telemetry.tracing.samplingPercent',
      miss: meshConfig(
        `{telemetry: {${collector}, tracing: {mode: Off, provider: collector, samplingPercent: 100}}}`,
      ),
    },
    {
      code: 'WEFT-ANL-119',
      when: 'the Service of a provider does not exist',
      hit: meshConfig(`{telemetry: {${collector.replace('port: 80', 'port: 4317')}}}`),
      at: 'MeshConfig default spec.telemetry.providers[0].service',
      miss: meshConfig(`{telemetry: {${collector}}}`),
    },
    {
      code: 'WEFT-ANL-119',
      when: 'a provider is named that is not there',
      hit: meshConfig(`{telemetry: {${collector}, tracing: {mode: On, provider: other}}}`),
      at: 'MeshConfig default spec.telemetry.tracing.provider',
      miss: meshConfig(`{telemetry: {${collector}, tracing: {mode: On, provider: collector}}}`),
    },
    {
      code: 'WEFT-ANL-110',
      when: 'it is not named default',
      hit: meshConfig('{}', 'mesh'),
      at: 'MeshConfig mesh metadata.name',
      miss: meshConfig('{}'),
    },
    {
      code: 'WEFT-ANL-111',
      when: 'the range of Services is missing',
      hit: `${range}${meshConfig('{outbound: {meshCIDRs: [10.96.0.0/16]}}')}`,
      at: 'MeshConfig default spec.outbound.meshCIDRs',
      miss: `${range}${meshConfig('{outbound: {meshCIDRs: [10.96.0.0/13, 10.104.0.0/13]}}')}`,
    },
    {
      code: 'WEFT-ANL-112',
      when: 'all proxies log each request',
      hit: meshConfig('{proxy: {logLevel: debug}}'),
      at: 'MeshConfig default spec.proxy.logLevel',
      miss: meshConfig('{proxy: {logLevel: info}}'),
    },
    {
      code: 'WEFT-ANL-113',
      when: 'mutual TLS is off everywhere',
      hit: meshConfig('{mtls: {mode: Disabled}}'),
      at: 'MeshConfig default spec.mtls.mode',
      miss: meshConfig('{mtls: {mode: Disabled}}', 'other'),
    },
    {
      code: 'WEFT-ANL-114',
      when: 'plain connections are accepted',
      hit: meshConfig('{}'),
      at: 'MeshConfig default spec.mtls.mode',
      miss: meshConfig('{mtls: {mode: Strict}}'),
    },
    {
      code: 'WEFT-ANL-115',
      when: 'every proxy has many threads',
      hit: meshConfig('{proxy: {concurrency: 8}}'),
      at: 'MeshConfig default spec.proxy.concurrency',
      miss: meshConfig('{proxy: {concurrency: 4}}'),
    },
    {
      code: 'WEFT-ANL-116',
      when: 'proxies drain as long as pods may take to end',
      hit: meshConfig('{proxy: {drainSeconds: 30}}'),
      at: 'MeshConfig default spec.proxy.drainSeconds',
      miss: meshConfig('{proxy: {drainSeconds: 29}}'),
    },
    {
      code: 'WEFT-ANL-117',
      when: 'a proxy may hardly use any memory',
      hit: meshConfig('{proxy: {resources: {limits: {memory: 32Mi}}}}'),
      at: 'MeshConfig default spec.proxy.resources.limits.memory',
      miss: meshConfig('{proxy: {resources: {limits: {memory: 0.5Gi}}}}'),
    },
    {
      code: 'WEFT-ANL-120',
      when: 'it is not named default',
      hit: authority('mesh', lifetimes),
      at: 'CertificateAuthority mesh metadata.name',
      miss: authority('default', lifetimes),
    },
    {
      code: 'WEFT-ANL-121',
      when: 'the root has expired',
      hit: authority('default', lifetimes, '2026-09-01T11:59:00Z'),
      at: 'CertificateAuthority default status.root.notAfter',
      miss: authority('default', lifetimes, '2026-09-01T12:01:00Z'),
    },
    {
      code: 'WEFT-ANL-122',
      when: 'the root expires in some weeks',
      hit: authority('default', lifetimes, '2026-11-01T00:00:00Z'),
      at: 'CertificateAuthority default status.root.notAfter',
      miss: authority('default', lifetimes, '2026-12-01T00:00:00Z'),
    },
    {
      code: 'WEFT-ANL-123',
      when: 'the intermediate hardly outlives what it signs',
      hit: authority(
        'default',
        '{rootLifetime: 87600h, intermediateLifetime: 48h, workloadLifetime: 24h, servingLifetime: 24h}',
      ),
      at: 'CertificateAuthority default spec.intermediateLifetime',
      miss: authority(
        'default',
        '{rootLifetime: 87600h, intermediateLifetime: 72h, workloadLifetime: 24h, servingLifetime: 24h}',
      ),
    },
  ],
);
