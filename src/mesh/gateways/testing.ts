/** For tests: objects of gateways with what a test cares about put over plausible rest, and certificates for them. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { controllerName } from '../../base/names.ts';
import { createIssuer, distinguishedName, encodeCertificate, leafExtensions, toPem } from '../../ca/x509.ts';
import { generateKey, keyPem, publicKeyDer } from '../../ca/material.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { PolicyTargetRef } from '../kubernetes.ts';
import type {
  KubeBackendTLSPolicy,
  KubeConfigMap,
  KubeGateway,
  KubeGatewayClass,
  KubeListener,
  KubeListenerSet,
  KubeSecret,
  ObjectRef,
} from '../kubernetes-gateways.ts';
import type { Condition } from '../gateway-model.ts';

/** `namespace/name`. */
type Name = string;

function metadata(name: Name, createdAt = '2026-01-01T00:00:00Z', generation = 1) {
  const [namespace = '', own = ''] = name.split('/');
  return { namespace, name: own, creationTimestamp: createdAt, generation, uid: `uid-${name}` };
}

export const weftClass: KubeGatewayClass = {
  kind: 'GatewayClass',
  metadata: { name: 'weft', generation: 1 },
  spec: { controllerName },
};

export function listener(name: string, rest: Partial<KubeListener> = {}): KubeListener {
  return { name, port: 80, protocol: 'HTTP', ...rest };
}

/** `secret` as a certificateRef writes it. */
export function httpsListener(
  name: string,
  secret: string | ObjectRef,
  rest: Partial<KubeListener> = {},
): KubeListener {
  const ref = typeof secret === 'string' ? { group: '', kind: 'Secret', name: secret } : secret;
  return listener(name, {
    port: 443,
    protocol: 'HTTPS',
    tls: { mode: 'Terminate', certificateRefs: [ref] },
    ...rest,
  });
}

export function gateway(
  name: Name,
  listeners: readonly KubeListener[],
  spec: KubeGateway['spec'] = {},
  generation = 1,
): KubeGateway {
  return {
    kind: 'Gateway',
    metadata: metadata(name, undefined, generation),
    spec: { gatewayClassName: 'weft', listeners, ...spec },
  };
}

export const allow = (from: string): NonNullable<KubeGateway['spec']> => ({
  allowedListeners: { namespaces: { from } },
});

export function listenerSet(
  name: Name,
  parent: Name,
  listeners: readonly KubeListener[],
  createdAt?: string,
): KubeListenerSet {
  const [namespace = '', own = ''] = parent.split('/');
  const group = 'gateway.networking.k8s.io';
  return {
    kind: 'ListenerSet',
    metadata: metadata(name, createdAt),
    spec: { parentRef: { group, kind: 'Gateway', namespace, name: own }, listeners },
  };
}

export function grant(
  name: Name,
  from: { readonly kind: string; readonly namespace: string; readonly group?: string },
  to: { readonly kind: string; readonly name?: string; readonly group?: string },
): KubeObject {
  const object = {
    kind: 'ReferenceGrant',
    metadata: metadata(name),
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', ...from }],
      to: [{ group: '', ...to }],
    },
  };
  return object;
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): KubeObject {
  return {
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
  };
}

export function secret(name: Name, data: Readonly<Record<string, string>>): KubeSecret {
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return {
    kind: 'Secret',
    metadata: metadata(name),
    type: 'kubernetes.io/tls',
    data: Object.fromEntries(encoded) as Readonly<Record<string, string>>,
  };
}

export function tlsSecret(name: Name, pair: TestPair): KubeSecret {
  return secret(name, { 'tls.crt': pair.chain, 'tls.key': pair.privateKey });
}

export function configMap(name: Name, data: Readonly<Record<string, string>>): KubeConfigMap {
  return { kind: 'ConfigMap', metadata: metadata(name), data };
}

export function backendTLSPolicy(
  name: Name,
  target: string | PolicyTargetRef,
  validation: NonNullable<KubeBackendTLSPolicy['spec']>['validation'],
  createdAt?: string,
): KubeBackendTLSPolicy {
  const targetRef = typeof target === 'string' ? { group: '', kind: 'Service', name: target } : target;
  return {
    kind: 'BackendTLSPolicy',
    metadata: metadata(name, createdAt),
    spec: { targetRefs: [targetRef], ...(validation === undefined ? {} : { validation }) },
  };
}

/** A certificate and its key, PEM. */
export interface TestPair {
  readonly chain: string;
  readonly privateKey: string;
}

/** Self-signed, for these names. */
export function certificateFor(...dnsNames: readonly string[]): TestPair {
  return certificateOf(generateKey(), dnsNames);
}

export function weakCertificate(): TestPair {
  return certificateOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, ['weak.example']);
}

function certificateOf(key: KeyObject, dnsNames: readonly string[]): TestPair {
  const signer = generateKey();
  const name = distinguishedName('tests', 'tests');
  const contents = {
    subject: name,
    publicKey: publicKeyDer(key),
    notBeforeMs: Date.UTC(2026, 0, 1),
    notAfterMs: Date.UTC(2036, 0, 1),
    extensions: leafExtensions({ dnsNames, uri: 'spiffe://tests/none' }, true),
  };
  const { der } = encodeCertificate(createIssuer(name, signer, publicKeyDer(signer)), contents);
  return { chain: toPem('CERTIFICATE', der), privateKey: keyPem(key) };
}

/** `Type=status/Reason`, so that a test reads like the suite's expectation. */
export function summarize(conditions: readonly Condition[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (conditions ?? []).map(({ type, status, reason }) => [type, `${status ? 'True' : 'False'}/${reason}`]),
  );
}
