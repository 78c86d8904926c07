/**
 * Certificates and authorities that gateways refer to: looked at once for each change of their object, so that nothing
 * reaches a proxy which Envoy would reject. Messages say what is wrong and never what was read.
 */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Collection, GraphApi, Index } from '../../graph/types.ts';
import type { Certificate } from '../gateway-model.ts';
import type { ObjectRef } from '../kubernetes-gateways.ts';
import type { MeshSources } from '../sources.ts';
import { refusedByEnvoy } from './envoy-certificates.ts';
import type { TLSSecretSource } from './sources.ts';

export type CheckedCertificate =
  | { readonly certificate: Certificate; readonly dnsNames: readonly string[] }
  | { readonly problem: string };

/** PEM of authorities, or why there are none. */
export type CheckedAuthorities = { readonly authorities: string } | { readonly problem: string };

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

export function checkCertificate({ chain, privateKey }: TLSSecretSource): CheckedCertificate {
  if (chain === '') return { problem: 'it has no tls.crt' };
  if (privateKey === '') return { problem: 'it has no tls.key' };
  const certificates = parseCertificates(chain);
  const [leaf] = certificates ?? [];
  if (certificates === undefined || leaf === undefined) {
    return { problem: 'its tls.crt holds no certificates in PEM' };
  }
  const key = parseKey(privateKey);
  if (key === undefined) return { problem: 'its tls.key holds no private key in PEM without a passphrase' };
  if (!leaf.checkPrivateKey(key)) {
    return { problem: 'its tls.key is not the key of the first certificate in tls.crt' };
  }
  const refused = refusedByEnvoy(leaf, key);
  if (refused !== undefined) return { problem: refused };
  const exported = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    certificate: { chain: pemOf(certificates), privateKey: exported },
    dnsNames: dnsNamesOf(leaf),
  };
}

export function checkAuthorities(text: string): CheckedAuthorities {
  const certificates = parseCertificates(text);
  if (certificates === undefined) return { problem: 'its ca.crt holds no certificates in PEM' };
  return { authorities: pemOf(certificates) };
}

/** As Envoy is given them: nothing around them, and always in the same form. */
function pemOf(certificates: readonly X509Certificate[]): string {
  return certificates.map((each) => each.toString()).join('');
}

/** Undefined where there is none, or one cannot be read. */
function parseCertificates(text: string): readonly X509Certificate[] | undefined {
  const blocks = text.match(block);
  if (blocks === null) return undefined;
  try {
    return blocks.map((each) => new X509Certificate(each));
  } catch {
    return undefined;
  }
}

function parseKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

function dnsNamesOf(leaf: X509Certificate): readonly string[] {
  return (leaf.subjectAltName ?? '')
    .split(', ')
    .flatMap((name) => (name.startsWith('DNS:') ? [name.slice('DNS:'.length).toLowerCase()] : []))
    .sort();
}

/** By Secret: only those that some Gateway or ListenerSet names. */
export function deriveCertificates(graph: GraphApi, sources: MeshSources): Collection<CheckedCertificate> {
  const ofGateways = graph.index('secretsOfGateways', sources.gateways, ({ namespace, spec }) =>
    keysOf(namespace, [
      ...(spec.listeners ?? []).flatMap(({ tls }) => tls?.certificateRefs ?? []),
      ...optional(spec.tls?.backend?.clientCertificateRef),
    ]),
  );
  const ofSets = graph.index('secretsOfListenerSets', sources.listenerSets, ({ namespace, listeners }) =>
    keysOf(
      namespace,
      listeners.flatMap(({ tls }) => tls?.certificateRefs ?? []),
    ),
  );
  const used = deriveUsed(graph, 'usedSecrets', sources.tlsSecrets, [ofGateways, ofSets]);
  return graph.derive('checkedCertificates', used, (_, secret) => checkCertificate(secret));
}

/** By ConfigMap: only those that some Gateway or BackendTLSPolicy names. */
export function deriveAuthorities(graph: GraphApi, sources: MeshSources): Collection<CheckedAuthorities> {
  const ofGateways = graph.index('authoritiesOfGateways', sources.gateways, ({ namespace, spec }) => {
    const { default: fallback, perPort = [] } = spec.tls?.frontend ?? {};
    const configs = [fallback, ...perPort.map(({ tls }) => tls)];
    return keysOf(
      namespace,
      configs.flatMap((config) => config?.validation?.caCertificateRefs ?? []),
    );
  });
  const ofPolicies = graph.index(
    'authoritiesOfPolicies',
    sources.backendTLSPolicies,
    ({ namespace, validation }) => keysOf(namespace, validation.caCertificateRefs ?? []),
  );
  const used = deriveUsed(graph, 'usedConfigMaps', sources.configMaps, [ofGateways, ofPolicies]);
  return graph.derive('checkedAuthorities', used, (_, { authorities }) => checkAuthorities(authorities));
}

/** The entries that have a key in one of the indexes. */
function deriveUsed<V>(
  graph: GraphApi,
  name: string,
  all: Collection<V>,
  users: readonly Index<unknown>[],
): Collection<V> {
  return graph.derive(name, all, (key, value, read) =>
    users.some((index) => read(index, key) !== undefined) ? value : undefined,
  );
}

function keysOf(namespace: string, refs: readonly ObjectRef[]): readonly string[] {
  return [...new Set(refs.map((ref) => `${ref.namespace ?? namespace}/${ref.name}`))];
}

function optional<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
