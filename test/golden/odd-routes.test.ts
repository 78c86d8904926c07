/**
 * Routes that no schema forbids and nobody should write, on one port of a Gateway: whatever becomes of each of them, Envoy
 * must accept what all of them together are translated to, or those who did nothing wrong would suffer with them.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ensureBinary } from '../../dev/cluster/cluster.ts';
import { identityFiles } from '../../src/base/names.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { createTestMesh } from '../../src/mesh/testing.ts';
import type { Translation } from '../../src/xds/resource.ts';
import { createTranslation } from '../../src/xds/translate/translation.ts';
import { askEnvoy } from './envoy.ts';
import { authorities, issue } from './gateway.ts';

const apiVersion = 'gateway.networking.k8s.io/v1';
const metadata = {
  namespace: 'infra',
  name: 'web',
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
};
const backendRefs = [{ name: 'web', port: 80 }];

/** Texts that mean something to somebody on the way from the object to the wire. */
const texts = [
  ['a\nb', 'a\rb', 'a\0b', '\u007f', '\u2028', 'ä€😀', '  ', ' a ', '\t'],
  [
    '%',
    '%%',
    '%REQ(x)%',
    '%UNKNOWN%',
    '$1',
    '\\1',
    '\\',
    '\\0',
    '{',
    '{}',
    '*',
    '**',
    '.*',
    '"',
    "'",
    '`',
    ';',
    ',',
  ],
  ['<script>', '%00', '%0a', 'x'.repeat(1024)],
].flat();
/** What paths may contain by the schema. */
const pathTexts = ['%', '$1', "!$&'()*+,;=:@", '~.-_', '%41', 'x'.repeat(1023), '..a', 'a//b'];
const expressions = [
  [
    '(',
    ')',
    '[',
    '*',
    '+?',
    '(?=a)',
    '(?<!a)',
    '\\1',
    '(a)\\1',
    '(?P<n>a)',
    '(?i)a',
    '\\C',
    '\\pL',
    '\\Q..\\E',
  ],
  ['a{1001}', '(a{100}){100}', '[^\\x00-\\x{10FFFF}]', '\\x{100}', '(?:(?:(?:[a-z]{30}){30}){30})'],
  ['a{1000}', '((((a*)*)*)*)*', 'a'.repeat(1024), '^$', '|', 'ä'],
  ['.{0,1000}', '(a|b|c|d|e|f){50}', '\\b\\B\\A\\z', '[[:alpha:]]', '(?s).*', 'x'.repeat(4096)],
].flat();

type Filter = Readonly<Record<string, unknown>>;
const rule = (more: object): object => ({ backendRefs, ...more });
const filtered = (type: string, field: string, value: unknown): object =>
  rule({ filters: [{ type, [field]: value } satisfies Filter] });
const match = (value: object): object => rule({ matches: [value] });

function* oddRules(): Iterable<object> {
  for (const value of texts) {
    const changes = { set: [{ name: 'x-set', value }], add: [{ name: 'x-add', value }] };
    yield filtered('RequestHeaderModifier', 'requestHeaderModifier', changes);
    yield filtered('ResponseHeaderModifier', 'responseHeaderModifier', changes);
    yield filtered('RequestHeaderModifier', 'requestHeaderModifier', { set: [{ name: 'Host', value }] });
    yield match({ headers: [{ name: 'x-match', value }] });
    yield match({ queryParams: [{ name: 'q', value }] });
    for (const path of [
      { type: 'ReplaceFullPath', replaceFullPath: `/${value}` },
      { type: 'ReplacePrefixMatch', replacePrefixMatch: `/${value}` },
      { type: 'ReplaceFullPath', replaceFullPath: value },
      { type: 'ReplacePrefixMatch', replacePrefixMatch: value },
    ]) {
      const matches = [{ path: { type: 'PathPrefix', value: '/odd' } }];
      yield { backendRefs, matches, filters: [{ type: 'URLRewrite', urlRewrite: { path } }] };
      yield { matches, filters: [{ type: 'RequestRedirect', requestRedirect: { path } }] };
    }
    const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: changes }];
    yield { backendRefs: [{ name: 'web', port: 80, filters }] };
    yield rule({ sessionPersistence: { sessionName: value.slice(0, 128), type: 'Cookie' } });
    yield rule({ sessionPersistence: { sessionName: value.slice(0, 128), type: 'Header' } });
    const http = { path: `/${value}`, allowedHeaders: ['x-a'], allowedResponseHeaders: ['x-b'] };
    yield filtered('ExternalAuth', 'externalAuth', { protocol: 'HTTP', backendRef: backendRefs[0], http });
  }
  for (const text of pathTexts) {
    for (const type of ['Exact', 'PathPrefix']) yield match({ path: { type, value: `/${text}` } });
  }
  for (const value of expressions) {
    yield match({ path: { type: 'RegularExpression', value: `/${value}` } });
    yield match({ headers: [{ name: 'x', type: 'RegularExpression', value }] });
    yield match({ queryParams: [{ name: 'q', type: 'RegularExpression', value }] });
  }
  for (const name of [
    'host',
    'connection',
    'content-length',
    'transfer-encoding',
    'te',
    'x-envoy-a',
    'X_Y',
    "!#$%&'*+-.^_`|~",
  ]) {
    const changes = { set: [{ name, value: '1' }], add: [{ name, value: '1' }], remove: [name] };
    for (const [operation, value] of Object.entries(changes)) {
      yield filtered('RequestHeaderModifier', 'requestHeaderModifier', { [operation]: value });
      yield filtered('ResponseHeaderModifier', 'responseHeaderModifier', { [operation]: value });
    }
    yield match({ headers: [{ name, value: '1' }], queryParams: [{ name, value: '1' }] });
  }
  for (const origin of [
    '*',
    'https://*',
    'https://*.example.com',
    'https://a.example.com:8443',
    'http://[::1]:80',
  ]) {
    const cors = { allowOrigins: [origin], allowMethods: ['*'], allowHeaders: ['*'], maxAge: 2_147_483_647 };
    yield filtered('CORS', 'cors', { ...cors, allowCredentials: true });
  }
  const sixteen = Array.from({ length: 16 }, () => ({ name: 'web', port: 80, weight: 1_000_000 }));
  yield rule({ backendRefs: sixteen });
  yield rule({ backendRefs: [{ name: 'web', port: 80, weight: 0 }] });
  yield rule({ retry: { codes: [400, 599], attempts: 2_147_483_647, backoff: '0s' } });
  yield rule({ retry: { codes: [500], attempts: 1, backoff: '99999h' } });
  yield rule({ timeouts: { request: '99999h99999m99999s99999ms', backendRequest: '0s' } });
  yield rule({ timeouts: { request: '1ms', backendRequest: '0s' } });
  const matches = Array.from({ length: 64 }, (_, index) => ({
    path: { type: 'PathPrefix', value: `/${index}` },
    headers: Array.from({ length: 16 }, (__, header) => ({ name: `h${header}`, value: 'v' })),
  }));
  yield rule({ matches });
  for (const fraction of [
    { numerator: 0, denominator: 1 },
    { numerator: 1, denominator: 2_147_483_647 },
    { numerator: 2_147_483_647, denominator: 2_147_483_647 },
  ]) {
    yield filtered('RequestMirror', 'requestMirror', { backendRef: backendRefs[0], fraction });
  }
  yield rule({
    sessionPersistence: { absoluteTimeout: '99999h', cookieConfig: { lifetimeType: 'Permanent' } },
  });
}

async function translated(rules: readonly object[]): Promise<Translation> {
  const graph = new Graph({ onError: (error) => assert.ifError(error) });
  const world = createTestMesh(graph);
  const translation = createTranslation(graph, world.mesh);
  const listeners = [{ name: 'http', port: 80, protocol: 'HTTP' }];
  const objects = [
    {
      apiVersion,
      kind: 'GatewayClass',
      metadata: { name: 'weft', generation: 1 },
      spec: { controllerName: 'weft.dev/mesh' },
    },
    { apiVersion, kind: 'Gateway', metadata, spec: { gatewayClassName: 'weft', listeners } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { clusterIPs: ['10.96.0.10'], ports: [{ port: 80 }] },
    },
    ...rules.map((each, index) => ({
      apiVersion,
      kind: 'HTTPRoute',
      metadata: { ...metadata, name: `odd-${index}` },
      spec: { parentRefs: [{ name: 'web' }], rules: [each] },
    })),
  ];
  await world.apply(...(objects as readonly unknown[] as readonly KubeObject[]));
  return translation;
}

describe('odd routes on one port', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weft-odd-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function isAccepted(rules: readonly object[]): Promise<boolean> {
    const own = issue('infra/odd');
    const files = {
      [identityFiles.key]: own.key,
      [identityFiles.chain]: own.chain,
      [identityFiles.trust]: authorities,
    };
    const cases = new Map([['odd', await translated(rules)]]);
    return (await askEnvoy(await ensureBinary('envoy'), directory, cases, files)).accepted;
  }

  /** The rules at fault, each by itself. */
  async function culprits(rules: readonly object[]): Promise<readonly object[]> {
    if (rules.length === 0 || (await isAccepted(rules))) return [];
    if (rules.length === 1) return rules;
    const middle = rules.length >> 1;
    return [...(await culprits(rules.slice(0, middle))), ...(await culprits(rules.slice(middle)))];
  }

  test('are accepted by Envoy together', async () => {
    const rules = [...oddRules()];
    assert.ok(rules.length > 500);
    assert.deepEqual(
      (await culprits(rules)).map((each) => JSON.stringify(each).slice(0, 300)),
      [],
    );
  });
});
