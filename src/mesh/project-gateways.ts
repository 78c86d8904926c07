/** From objects of gateways to the source shapes; see project.ts. */

import { controllerName } from '../base/names.ts';
import type { KubeObject } from '../kube/types.ts';
import type {
  BackendTLSPolicySource,
  ConfigMapSource,
  GatewayAPISource,
  GatewayClassSource,
  GatewaySource,
  ListenerSetSource,
  TLSSecretSource,
} from './gateways/sources.ts';
import type {
  KubeBackendTLSPolicy,
  KubeConfigMap,
  KubeGateway,
  KubeGatewayClass,
  KubeListenerSet,
  KubeSecret,
} from './kubernetes-gateways.ts';

function identify({ metadata }: KubeObject) {
  const { namespace = '', name, creationTimestamp: createdAt = '', generation = 0 } = metadata;
  return { namespace, name, createdAt, generation };
}

/** Of whatever controller: a class of another one is not the same as none. */
export function projectGatewayClass(gatewayClass: KubeGatewayClass): GatewayClassSource {
  const { controllerName: controller, parametersRef } = gatewayClass.spec ?? {};
  const generation = gatewayClass.metadata.generation ?? 0;
  const ours = controller === controllerName;
  return { ours, generation, ...(parametersRef === undefined ? {} : { parametersRef }) };
}

/** Of whatever class: which classes are Weft's may change. */
export function projectGateway(gateway: KubeGateway): GatewaySource {
  const { spec = {} } = gateway;
  const uid = gateway.metadata.uid ?? '';
  return { ...identify(gateway), uid, className: spec.gatewayClassName ?? '', spec };
}

export function projectListenerSet(set: KubeListenerSet): ListenerSetSource {
  const { parentRef = { name: '' }, listeners = [] } = set.spec ?? {};
  return { ...identify(set), parentRef, listeners };
}

export function projectBackendTLSPolicy(policy: KubeBackendTLSPolicy): BackendTLSPolicySource {
  const { targetRefs = [], validation = {} } = policy.spec ?? {};
  return { ...identify(policy), targetRefs, validation };
}

/** Only Secrets of type kubernetes.io/tls, of which the watch tells no others. */
export function projectTLSSecret({ type, data = {} }: KubeSecret): TLSSecretSource | undefined {
  if (type !== undefined && type !== 'kubernetes.io/tls') return undefined;
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  return { chain: text('tls.crt'), privateKey: text('tls.key') };
}

/** Kubernetes puts one of this name, with the authorities of its API server, into every namespace. */
const rootsOfTheCluster = 'kube-root-ca.crt';

/** Keeps nothing of a ConfigMap but the authorities that gateways may refer to, and nothing at all of most. */
export function projectConfigMap({ metadata, data, binaryData }: KubeConfigMap): ConfigMapSource | undefined {
  if (metadata.name === rootsOfTheCluster) return undefined;
  const encoded = binaryData?.['ca.crt'];
  const authorities =
    data?.['ca.crt'] ?? (encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8'));
  return authorities === undefined ? undefined : { authorities: shared(authorities) };
}

/** Bundles are big, and those who distribute them put the same one into every namespace: each is kept once. */
const bundles = new Map<string, string>();
const mostBundles = 32;

/** An equal text: one of those seen lately where there is one, else this. */
function shared(text: string): string {
  const known = bundles.get(text);
  if (known !== undefined) return known;
  const [oldest] = bundles.keys();
  if (bundles.size >= mostBundles && oldest !== undefined) bundles.delete(oldest);
  bundles.set(text, text);
  return text;
}

/** The version and channel that the CustomResourceDefinitions of Gateway API carry. */
export function projectGatewayAPI({ metadata }: KubeObject): GatewayAPISource {
  const { annotations = {} } = metadata;
  return {
    bundleVersion: annotations['gateway.networking.k8s.io/bundle-version'] ?? '',
    channel: annotations['gateway.networking.k8s.io/channel'] ?? '',
  };
}
