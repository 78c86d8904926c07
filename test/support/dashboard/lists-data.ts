/** The lists of the API for the shop of graph-data.ts. One name is hostile: whatever shows it must show it as text. */

import type {
  CertificateView,
  ExplainedView,
  Overview,
  PolicyView,
  ProxyDetailView,
  ProxyView,
  RouteView,
  ServiceView,
  Traffic,
  WorkloadView,
} from '../../../src/dashboard/views/types.ts';
import type { Finding } from '../../../src/analysis/types.ts';
import { shopGraph } from './graph-data.ts';

export const hostileName = '<img src=x onerror=alert(1)>';

const hour = 3_600_000;
const day = 24 * hour;

function trafficOf(requestsPerSecond: number, successRate = 1): Traffic {
  if (requestsPerSecond === 0) return { requestsPerSecond, connectionsPerSecond: 0, bytesPerSecond: 0 };
  return {
    requestsPerSecond,
    successRate,
    p50Ms: 3.2,
    p99Ms: 48,
    connectionsPerSecond: 0.2,
    bytesPerSecond: requestsPerSecond * 1800,
    mtlsShare: 0.998,
  };
}

export function workloads(nowMs: number): readonly WorkloadView[] {
  const { nodes } = shopGraph(nowMs);
  const found = nodes
    .filter(({ kind }) => kind === 'workload')
    .map(({ namespace, name, requestsPerSecond, successRate }, index): WorkloadView => {
      const [kind = '', short = ''] = name.split('/');
      return {
        namespace,
        kind,
        name: short,
        serviceAccount: short,
        identity: `spiffe://cluster.local/ns/${namespace}/sa/${short}`,
        versions: index % 4 === 0 ? ['v1', 'v2'] : ['v1'],
        mtls:
          namespace === 'legacy' ? { mode: 'Permissive' } : { mode: 'Strict', policy: `${namespace}/strict` },
        pods: {
          total: 2 + (index % 3),
          ready: 2 + (index % 3),
          connected: 2 + (index % 3),
          inSync: index === 3 ? 1 : 2 + (index % 3),
        },
        services: [{ kind: 'Service', namespace, name: short }],
        uses: [{ kind: 'Service', namespace: 'shop', name: 'catalog' }],
        traffic: trafficOf(requestsPerSecond, successRate),
      };
    });
  return [...found, hostileWorkload(found[0] as WorkloadView)];
}

function hostileWorkload(like: WorkloadView): WorkloadView {
  return { ...like, namespace: 'shop', name: hostileName, identity: hostileName, traffic: trafficOf(0) };
}

export function services(nowMs: number): readonly ServiceView[] {
  return workloads(nowMs).map(({ namespace, kind, name, traffic }, index) => ({
    namespace,
    name,
    addresses: [`10.96.0.${index + 10}`],
    ports: [
      { port: 80, name: 'http', protocol: 'http', endpoints: 3, meshed: 3 },
      { port: 9090, name: 'metrics', protocol: 'http', endpoints: 3, meshed: 2 },
    ],
    workloads: [{ kind, namespace, name }],
    routes: name === 'catalog' ? [{ kind: 'HTTPRoute', namespace, name: 'catalog' }] : [],
    policies: [{ kind: 'MutualTLSPolicy', namespace, name: 'strict' }],
    traffic,
  }));
}

export function routes(nowMs: number): readonly RouteView[] {
  const shift = 0.02 * Math.sin(nowMs / 5000);
  const backend = (name: string, weight: number, share: number, seen: number, success = 1) => ({
    object: { kind: 'Service', namespace: 'shop', name },
    port: 80,
    weight,
    share,
    seen,
    requestsPerSecond: 380 * seen,
    successRate: success,
  });
  return [
    {
      kind: 'HTTPRoute',
      namespace: 'shop',
      name: 'catalog',
      hostnames: [],
      parents: [
        {
          object: { kind: 'Service', namespace: 'shop', name: 'catalog' },
          accepted: true,
          resolved: true,
          reason: 'Accepted',
          message: '',
        },
      ],
      rules: [
        {
          name: 'canary',
          matches: ['GET /v2 header x-canary=1'],
          actions: ['adds header x-version=v2'],
          backends: [backend('catalog-v2', 1, 1, 1)],
        },
        {
          name: '',
          matches: [],
          actions: ['retries 2 times on 503'],
          backends: [
            backend('catalog-v1', 90, 0.9, 0.895 - shift),
            backend('catalog-v2', 10, 0.1, 0.105 + shift, 0.997),
          ],
        },
      ],
      traffic: trafficOf(380, 0.9995),
    },
    {
      kind: 'HTTPRoute',
      namespace: 'edge',
      name: 'public',
      hostnames: ['shop.example.com'],
      parents: [
        {
          object: { kind: 'Gateway', namespace: 'edge', name: 'public' },
          accepted: true,
          resolved: false,
          reason: 'BackendNotFound',
          message: 'Service shop/web-v3 does not exist.',
        },
      ],
      rules: [
        {
          name: '',
          matches: ['/'],
          actions: [],
          backends: [{ ...backend('web', 1, 1, 1), requestsPerSecond: 408 }],
        },
      ],
      traffic: trafficOf(408, 0.998),
    },
    {
      kind: 'GRPCRoute',
      namespace: 'shop',
      name: hostileName,
      hostnames: [hostileName],
      parents: [],
      rules: [{ name: hostileName, matches: [hostileName], actions: [hostileName], backends: [] }],
      traffic: trafficOf(0),
    },
  ];
}

export const policies: readonly PolicyView[] = [
  {
    kind: 'MutualTLSPolicy',
    namespace: 'shop',
    name: 'strict',
    accepted: true,
    reason: 'Accepted',
    message: '',
    targets: [],
    effect: 'mutual TLS Strict',
    affects: ['web', 'catalog', 'cart', 'checkout', 'prices'].map((name) => ({
      kind: 'Deployment',
      namespace: 'shop',
      name,
    })),
  },
  {
    kind: 'BackendTLSPolicy',
    namespace: 'billing',
    name: 'bank',
    accepted: false,
    reason: 'NoValidCACertificate',
    message: 'ConfigMap billing/bank-ca does not exist.',
    targets: [{ kind: 'Service', namespace: 'billing', name: 'bank', missing: true }],
    effect: 'TLS to the backend, verified as api.bank.example',
    affects: [],
  },
];

export function proxies(nowMs: number): readonly ProxyView[] {
  return workloads(nowMs).flatMap(({ namespace, kind, name, identity, pods }, index) =>
    Array.from({ length: pods.total }, (_, pod): ProxyView => {
      const base = {
        namespace,
        pod: `${name}-6f7c9d5b4-${'abcdefgh'[pod]}x${index}`,
        workload: { kind, namespace, name },
        identity,
      };
      if (index === 5 && pod === 0) return { ...base, connected: false, inSync: false };
      return {
        ...base,
        connected: true,
        inSync: !(index === 3 && pod === 0),
        replica: pod % 2 === 0 ? 'weft-control-7d-a' : 'weft-control-7d-b',
        connectedForMs: hour * (index + 1),
        lastAckAgoMs: 1000 * (12 + index * 7),
        held: { secret: 2, cluster: 20 + index, endpoints: 20 + index, listener: 9, route: 6 },
        pending: index === 3 && pod === 0 ? 4 : 0,
        rejected: 0,
        certificate: { notBeforeMs: nowMs - hour * (4 + index), notAfterMs: nowMs + hour * (20 - index) },
      };
    }),
  );
}

export function proxyDetail(proxy: ProxyView): ProxyDetailView {
  const resources = (['cluster', 'endpoints', 'listener', 'route'] as const).flatMap((kind) =>
    Array.from({ length: 6 }, (_, index) => ({
      kind,
      name: `${kind}/shop/service-${index}:80`,
      version: `5d41402abc4b${index}`,
      current: index !== 2 || proxy.inSync,
    })),
  );
  return { ...proxy, gaps: [], resources };
}

export function certificates(nowMs: number): readonly CertificateView[] {
  const authority = { kind: 'CertificateAuthority', name: 'default' };
  return [
    {
      kind: 'root',
      object: authority,
      identity: '',
      notBeforeMs: nowMs - 90 * day,
      notAfterMs: nowMs + 3560 * day,
      serial: '01a4',
    },
    {
      kind: 'intermediate',
      object: authority,
      identity: '',
      notBeforeMs: nowMs - 20 * day,
      notAfterMs: nowMs + 70 * day,
      serial: '07f2',
    },
    ...proxies(nowMs).map(
      ({ namespace, pod, identity, certificate }): CertificateView => ({
        kind: 'workload',
        object: { kind: 'Pod', namespace, name: pod },
        identity,
        ...certificate,
      }),
    ),
  ];
}

export const findings: readonly Finding[] = [
  {
    code: 'WEFT-GW-01',
    severity: 'error',
    object: {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      namespace: 'edge',
      name: 'public',
    },
    path: 'spec.rules[1].backendRefs[0]',
    message: 'Service shop/web-v3 does not exist, so every request of this rule is answered with 500.',
    fix: 'Create the Service, or name shop/web.',
  },
  {
    code: 'WEFT-VAL-05',
    severity: 'warning',
    object: { apiVersion: 'weft.dev/v1alpha1', kind: 'MutualTLSPolicy', namespace: 'legacy', name: 'open' },
    path: 'spec.mtls.mode',
    message: 'Plain connections to everything in namespace legacy are accepted.',
    fix: 'Set Strict once crm has a proxy.',
  },
  {
    code: 'WEFT-POD-01',
    severity: 'info',
    object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: hostileName },
    path: '',
    message: `${hostileName} has no readiness probe.`,
    fix: 'Add one.',
  },
];

export function explained(kind: string, key: string): ExplainedView {
  return {
    gaps: [],
    object: `${kind} ${key}`,
    found: true,
    findings: findings.slice(0, 1),
    resources: [
      {
        kind: 'route',
        name: 'shop/catalog:80',
        version: '9f86d081',
        holders: 12,
        current: 12,
        from: ['httproute shop/catalog', 'service shop/catalog', 'service shop/catalog-v2'],
      },
      {
        kind: 'cluster',
        name: 'shop/catalog-v2:80',
        version: '2c26b46b',
        holders: 12,
        current: 11,
        from: ['service shop/catalog-v2', 'endpointslice shop/catalog-v2-x7'],
      },
      {
        kind: 'listener',
        name: `inbound/${hostileName}`,
        version: '2c26b46c',
        holders: 2,
        current: 0,
        rejected: `bad ${hostileName}`,
        from: [`pod shop/${hostileName}`],
      },
    ],
  };
}

export function overview(nowMs: number): Overview {
  return {
    nowMs,
    version: '0.1.0',
    trustDomain: 'cluster.local',
    gaps: [],
    replicas: [
      {
        name: 'weft-control-7d-a',
        answering: true,
        version: '0.1.0',
        leading: true,
        proxies: 24,
        sinceMs: nowMs - 5 * hour,
      },
      {
        name: 'weft-control-7d-b',
        answering: true,
        version: '0.1.0',
        leading: false,
        proxies: 21,
        sinceMs: nowMs - 2 * hour,
      },
    ],
    proxies: { expected: 46, connected: 45, inSync: 44, rejecting: 0 },
    counts: { namespaces: 8, workloads: 15, services: 17, routes: 3, policies: 2, gateways: 1 },
    authority: { rootNotAfterMs: nowMs + 3560 * day, intermediateNotAfterMs: nowMs + 70 * day },
    traffic: trafficOf(2120, 0.9971),
    problems: [
      {
        kind: 'traffic',
        severity: 'error',
        object: { kind: 'Deployment', namespace: 'billing', name: 'payment' },
        message: '6.9 % of its requests fail; the answers 503 come from api.bank.example.',
        fix: 'Look at the tap of deploy/payment, and at the bank.',
      },
      {
        kind: 'finding',
        severity: 'error',
        code: 'WEFT-GW-01',
        object: { kind: 'HTTPRoute', namespace: 'edge', name: 'public' },
        message: 'Service shop/web-v3 does not exist, so every request of this rule is answered with 500.',
        fix: 'Create the Service, or name shop/web.',
      },
      {
        kind: 'proxy',
        severity: 'warning',
        object: { kind: 'Pod', namespace: 'media', name: 'images-6f7c9d5b4-ax5' },
        message: 'Its proxy has not been connected for 4 minutes.',
        fix: 'Look at the log of its container weft-proxy.',
      },
    ],
  };
}
