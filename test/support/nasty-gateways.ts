/** Everything around routes, made of nasty values: listeners, certificates, authorities, policies, endpoints. */

import { generateKeyPairSync } from 'node:crypto';
import type { Random } from '../../src/graph/random.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import type { KubeListener } from '../../src/mesh/kubernetes-gateways.ts';
import {
  backendTLSPolicy,
  certificateFor,
  configMap,
  listenerSet,
  secret,
  type TestPair,
  weakCertificate,
} from '../../src/mesh/gateways/testing.ts';
import { slice } from '../../src/mesh/testing-objects.ts';
import type { GatewayTLS } from './mesh-proxy.ts';
import { durations, hostnames, integers, sessionNames } from './nasty-values.ts';

const good = certificateFor('a.example.com');
const other = certificateFor('*.example.com');
const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'secret',
});
const garbage = '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n';

/** Contents of Secrets, the first of them good. */
export const certificates: readonly TestPair[] = [
  good,
  other,
  { ...good, privateKey: other.privateKey },
  { ...good, privateKey: encrypted.toString() },
  { ...good, privateKey: good.chain },
  { ...good, privateKey: '' },
  { ...good, chain: '' },
  { ...good, chain: 'Hello world' },
  { ...good, chain: good.chain.slice(0, 200) },
  { ...good, chain: garbage },
  { ...good, chain: good.chain + garbage },
  { ...good, chain: other.chain + good.chain },
  { ...good, chain: good.chain.repeat(2) },
  { ...good, chain: good.chain + other.chain.repeat(100) },
  { ...good, chain: good.chain.replaceAll('\n', '\r\n') },
  { ...good, chain: good.chain.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE') },
  { ...good, chain: `\0${good.chain}\0` },
  weakCertificate(),
];

/** Contents of ConfigMaps, the first of them good. */
const authorities: readonly string[] = [
  good.chain,
  good.chain + other.chain,
  good.chain.repeat(3),
  '',
  'Hello world',
  garbage,
  good.chain + garbage,
  good.chain.slice(0, 200),
  good.privateKey,
  good.chain.replaceAll('CERTIFICATE', 'X509 CRL'),
];

/** `ports` are ones that the gateway's Envoy may bind. */
export function someNastyPart(random: Random, ports: readonly number[]): KubeObject {
  switch (random.below(6)) {
    case 0: {
      const { chain, privateKey } = random.pick(certificates);
      return secret(`infra/${random.pick(['web', 'other'])}`, { 'tls.crt': chain, 'tls.key': privateKey });
    }
    case 1:
      return configMap(`${random.pick(['infra', 'shop'])}/roots`, { 'ca.crt': random.pick(authorities) });
    case 2:
      return backendTLSPolicy(`shop/${random.pick(['one', 'two'])}`, random.pick(['v1', 'v2']), {
        ...(random.below(4) === 0
          ? { wellKnownCACertificates: random.pick(['System', 'Odd', '']) }
          : { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: random.pick(['roots', 'none']) }] }),
        hostname: random.pick(hostnames),
        subjectAltNames: Array.from({ length: random.below(3) }, () =>
          random.below(2) === 0
            ? { type: 'Hostname', hostname: random.pick(hostnames) }
            : { type: random.pick(['URI', 'Odd']), uri: random.pick(['spiffe://a/b', '', 'a\nb', '%']) },
        ),
      });
    case 3:
      return trafficPolicy(random);
    case 4:
      return listenerSet(
        `shop/${random.pick(['one', 'two'])}`,
        'infra/web',
        someNastyListeners(random, ports),
      );
    default:
      return someEndpoints(random);
  }
}

export function someNastyListeners(random: Random, ports: readonly number[]): readonly KubeListener[] {
  const tls = () => ({
    mode: random.pick(['Terminate', 'Terminate', 'Passthrough', 'Odd']),
    certificateRefs: Array.from({ length: random.below(4) }, () => ({
      kind: random.pick(['Secret', 'Secret', 'ConfigMap']),
      namespace: 'infra',
      name: random.pick(['web', 'web', 'other', 'none']),
    })),
    ...(random.below(6) === 0 ? { options: { 'example.com/a': 'b' } } : {}),
  });
  return Array.from({ length: 1 + random.below(3) }, (_, index) => ({
    name: random.pick([`extra-${index}`, `extra.${index}`]),
    port: random.pick([...ports, ...ports, 0, -1, 65_536]),
    protocol: random.pick(['HTTP', 'HTTPS', 'HTTPS', 'TLS', 'TLS', 'TCP', 'UDP', 'Odd', 'toString']),
    ...(random.below(3) === 0 ? {} : { hostname: random.pick([...hostnames.slice(0, 3), ...hostnames]) }),
    ...(random.below(3) === 0 ? {} : { tls: tls() }),
    allowedRoutes: { namespaces: { from: 'All' } },
  }));
}

/** What a Gateway asks of its clients, and shows to backends. */
export function someNastyTLS(random: Random, ports: readonly number[]): GatewayTLS {
  const config = () => ({
    validation: {
      caCertificateRefs: Array.from({ length: random.below(3) }, () => ({
        group: '',
        kind: random.pick(['ConfigMap', 'ConfigMap', 'Secret']),
        name: random.pick(['roots', 'roots', 'none']),
      })),
      mode: random.pick(['AllowValidOnly', 'AllowInsecureFallback', 'Odd']),
    },
  });
  return {
    ...(random.below(2) === 0
      ? { backend: { clientCertificateRef: { name: random.pick(['web', 'other']) } } }
      : {}),
    frontend: {
      ...(random.below(4) === 0 ? { default: config() } : {}),
      perPort: random.below(2) === 0 ? [] : [{ port: random.pick(ports), tls: config() }],
    },
  };
}

function trafficPolicy(random: Random): KubeObject {
  const object = {
    kind: 'XBackendTrafficPolicy',
    metadata: { namespace: 'shop', name: random.pick(['one', 'two']), generation: 1 },
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: random.pick(['web', 'v1', 'v2']) }],
      retryConstraint: {
        budget: { percent: random.pick([20, ...integers]), interval: random.pick(durations) },
        minRetryRate: { count: random.pick([10, ...integers]), interval: random.pick(durations) },
      },
      sessionPersistence: { sessionName: random.pick(sessionNames), absoluteTimeout: random.pick(durations) },
    },
  };
  return object;
}

function someEndpoints(random: Random): KubeObject {
  const addresses = ['10.0.0.1', '10.0.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1', '169.254.1.1'];
  const endpoints = Array.from({ length: random.below(4) }, () => ({
    addresses: [random.pick(addresses)],
    conditions: { ready: random.below(4) > 0 },
    zone: random.pick(['z1', '', 'a\nb', 'ü']),
  }));
  const ports = [
    { name: 'http', port: random.pick([8080, 1, 65_535]) },
    ...(random.below(2) === 0 ? [{ name: 'udp', port: 9, protocol: 'UDP' }] : []),
  ];
  return slice('shop/v2', 'v2', endpoints, ports);
}
