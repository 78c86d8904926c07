/**
 * The stage `gateway`: gateways, and what they serve, in words of the mesh model -> Envoy resources. Kubernetes objects
 * would say the same at three times the length; how they become this model is for mesh/gateways and mesh/routes to show.
 */

import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { systemClock } from '../../src/base/clock.ts';
import { Authority } from '../../src/ca/authority.ts';
import { createAuthorityMaterial } from '../../src/ca/material.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { BackendTLS, ListenerTLS, StreamRule } from '../../src/mesh/gateway-model.ts';
import type { Endpoint, RouteBackend, RouteRule, ServicePort } from '../../src/mesh/model.ts';
import type { Translation } from '../../src/xds/resource.ts';
import {
  type TestGateways,
  type TestListener,
  testGateway,
  testGateways,
} from '../../src/xds/translate/gateway-testing.ts';
import { addService, testRule } from '../../src/xds/translate/testing.ts';
import { describeTranslation } from './translate.ts';

/** Every part may be missing. Lists and single things are written as the model has them, unless said otherwise. */
interface Input {
  /** By key; listeners have names instead of keys, and `authorities: test` means those of the test. */
  readonly gateways?: Readonly<Record<string, readonly TestPort[]>>;
  /** Keys of Certificates; their contents are made for the occasion. */
  readonly certificates?: readonly string[];
  /** By key of listener, then by domain. What a rule does not say is that of `testRule`. */
  readonly hosts?: Readonly<Record<string, Readonly<Record<string, readonly InputRule[]>>>>;
  /** By key of listener. */
  readonly streams?: Readonly<Record<string, readonly InputStream[]>>;
  /** By key of ServicePort. An endpoint is `<address>[:<port>][ <identity>]`, IPv6 in brackets. */
  readonly services?: Readonly<
    Record<string, { readonly protocol?: ServicePort['protocol']; readonly endpoints?: readonly string[] }>
  >;
  readonly backendTLS?: Readonly<Record<string, Partial<BackendTLS>>>;
  /** What the out.yaml is to contain; everything by default. */
  readonly show?: readonly string[];
}

interface TestPort {
  readonly port: number;
  readonly transport?: 'tcp' | 'udp';
  readonly listeners: readonly TestListener[];
}

/** A key alone is a backend of weight 1. */
type InputBackend = string | (Omit<RouteBackend, 'weight'> & { readonly weight?: number });
type InputRule = Omit<Partial<RouteRule>, 'backends' | 'match'> & {
  readonly match?: Partial<RouteRule['match']>;
  readonly backends?: readonly InputBackend[];
};
type InputStream = Omit<StreamRule, 'backends' | 'kind' | 'route'> &
  Partial<Pick<StreamRule, 'kind' | 'route'>> & { readonly backends?: readonly InputBackend[] };

export async function gateway(input: string): Promise<unknown> {
  const { translation, show, secrets } = await gatewayCase(input);
  return redact(describeTranslation(translation, show), secrets);
}

export interface GatewayCase {
  /** Where the model may be changed. */
  readonly at: TestGateways;
  readonly translation: Translation;
  readonly show: readonly string[] | undefined;
  /** Contents that differ from run to run, by what stands for them in an out.yaml. */
  readonly secrets: ReadonlyMap<string, string>;
}

export async function gatewayCase(text: string): Promise<GatewayCase> {
  const errors: string[] = [];
  const at = testGateways(
    new Graph({
      onError: (error, { collection, key }) => errors.push(`${collection} ${key}: ${error.message}`),
    }),
  );
  const input = parse(text) as Input;
  const secrets = new Map([[authorities, 'the authorities']]);
  for (const key of input.certificates ?? []) {
    const { chain, key: privateKey } = issue(key);
    at.gateway.certificates.set(key, { chain, privateKey });
    secrets.set(chain, `the chain of ${key}`).set(privateKey, `the key of ${key}`);
  }
  for (const [key, { protocol = 'http', endpoints = [] }] of Object.entries(input.services ?? {})) {
    addService(at, key, '10.96.0.1', { protocol });
    const parsed = endpoints.map(endpoint);
    const identities = [...new Set(parsed.flatMap(({ identity }) => identity ?? []))].sort();
    at.endpoints.set(key, { endpoints: parsed, identities });
  }
  for (const [key, tls] of Object.entries(input.backendTLS ?? {}))
    at.gateway.backendTLS.set(key, backendTLS(tls));
  for (const [key, ports] of Object.entries(input.gateways ?? {}))
    at.gateway.gateways.set(key, testGateway(key, ports.map(withAuthorities)));
  for (const [key, hosts] of Object.entries(input.hosts ?? {})) {
    const list = Object.entries(hosts).map(([domain, rules]) => ({ domain, rules: rules.map(rule) }));
    at.gateway.listenerHosts.set(key, { hosts: list });
  }
  for (const [key, streams] of Object.entries(input.streams ?? {}))
    at.gateway.listenerStreams.set(key, { streams: streams.map(stream) });
  await at.graph.settled();
  assert.deepEqual(errors, []);
  return { at, translation: at.translation, show: input.show, secrets };
}

function endpoint(text: string): Endpoint {
  const [socket = '', identity] = text.split(' ');
  const [, v6, v4, port = '8080'] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(socket) ?? [];
  const plain = { address: v6 ?? v4 ?? '', port: Number(port), zone: '' };
  return identity === undefined ? plain : { ...plain, identity };
}

function rule({ match, backends, ...rest }: InputRule): RouteRule {
  const plain = testRule();
  return {
    ...plain,
    ...rest,
    match: { ...plain.match, ...match },
    ...(backends === undefined ? {} : { backends: backends.map(backend) }),
    filters: { mirrors: [], ...rest.filters },
  };
}

function stream({ backends = [], ...rest }: InputStream): StreamRule {
  return { kind: 'TLSRoute', route: 'shop/web', ...rest, backends: backends.map(backend) };
}

function backend(input: InputBackend): RouteBackend {
  return typeof input === 'string' ? { servicePort: input, weight: 1 } : { weight: 1, ...input };
}

function backendTLS(tls: Partial<BackendTLS>): BackendTLS {
  const { authorities: trusted, ...rest } = tls;
  return {
    hostname: 'web.example.com',
    subjectAltNames: [],
    broken: false,
    ...rest,
    ...(trusted === undefined ? {} : { authorities }),
  };
}

function withAuthorities(port: TestPort): TestPort {
  const filled = (tls: ListenerTLS): ListenerTLS =>
    tls.mode === 'Terminate' && tls.clientValidation !== undefined
      ? { ...tls, clientValidation: { ...tls.clientValidation, authorities } }
      : tls;
  return {
    ...port,
    listeners: port.listeners.map((each) => ({ ...each, ...(each.tls && { tls: filled(each.tls) }) })),
  };
}

const dayMs = 86_400_000;
const clock = { ...systemClock, after: () => () => {} };
const material = createAuthorityMaterial({
  trustDomain: 'cluster.local',
  rootLifetimeMs: 2 * dayMs,
  intermediateLifetimeMs: 2 * dayMs,
  clock,
});
export const authorities = material.rootCertificate;

/** A certificate for `<name>.example.com` and what is below it, `name` being that of the key `namespace/name`. */
export function issue(key: string): { readonly chain: string; readonly key: string } {
  const name = key.slice(key.indexOf('/') + 1);
  return new Authority(material, clock).issueServing({
    dnsNames: [`${name}.example.com`, `*.${name}.example.com`],
    uri: `spiffe://cluster.local/ns/infra/sa/${name}`,
    lifetimeMs: dayMs,
  });
}

/** Says what secret contents are instead of showing them. */
function redact(value: unknown, secrets: ReadonlyMap<string, string>): unknown {
  const text = [...secrets].reduce(
    (json, [content, label]) => json.replaceAll(Buffer.from(content).toString('base64'), `<${label}>`),
    JSON.stringify(value),
  );
  return JSON.parse(text);
}
