/** Secrets that one proxy alone gets: in the place of the shared ones, to nobody else, and nowhere to be read. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { after, before, beforeEach, describe, test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createLogger } from '../../base/log.ts';
import { WeftError } from '../../base/errors.ts';
import type { DeltaClient } from '../../../test/support/xds-client.ts';
import { startHarness, until, type XdsHarness } from '../../../test/support/xds-harness.ts';
import { SecretSchema } from '../proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { EncodedResource } from '../resource.ts';

type Listener = (secrets: readonly EncodedResource[]) => void;

/** Who follows, by `namespace/pod`. */
const followers = new Map<string, Listener>();
let harness: XdsHarness;
let failing = false;
/** Each key is another, as real ones are. */
let made = 0;
const logged: string[] = [];

function identity(key: string, version = key): EncodedResource {
  const value = {
    certificateChain: { specifier: { case: 'inlineString', value: 'chain' } },
    privateKey: { specifier: { case: 'inlineString', value: key } },
  } as const;
  const message = create(SecretSchema, { name: 'identity', type: { case: 'tlsCertificate', value } });
  return { name: 'identity', version, body: toBinary(SecretSchema, message), needs: [] };
}

/** The private key in what the proxy was sent; undefined where it is in a file. */
function keyIn(response: Awaited<ReturnType<DeltaClient['next']>>): string | undefined {
  const any = response.message.resources.find(({ name }) => name === 'identity')?.resource;
  assert.ok(any !== undefined);
  const { type } = fromBinary(SecretSchema, any.value);
  if (type.case !== 'tlsCertificate') return undefined;
  const specifier = type.value.privateKey?.specifier;
  return specifier?.case === 'inlineString' ? specifier.value : undefined;
}

function withToken(id: string, options: object = {}): DeltaClient {
  return harness.client(id, { certificate: undefined, token: id.split('/')[0] ?? '', ...options });
}

async function connected(id: string): Promise<DeltaClient> {
  const proxy = withToken(id);
  proxy.subscribeAll();
  await proxy.next('cluster');
  return proxy;
}

describe('a proxy with secrets of its own', () => {
  before(async () => {
    const sink = new PassThrough();
    sink.on('data', (line: Buffer) => logged.push(line.toString()));
    const log = createLogger('debug', sink);
    harness = await startHarness({
      log,
      ownSecrets: (proxy) => (listener) => {
        if (failing) throw new WeftError('WEFT-CA-08', 'There is no authority.');
        followers.set(proxy, listener);
        listener([identity(`key ${++made} of ${proxy}`)]);
        return () => followers.delete(proxy);
      },
    });
  });
  beforeEach(() => {
    failing = false;
  });
  after(() => harness.stop());

  test('gets them under the names of the shared ones, and others get the shared ones or their own', async () => {
    const one = await connected('a/one/1');
    const two = await connected('a/two/1');
    const plain = harness.client('a/plain/1');
    plain.subscribeAll();
    for (const proxy of [one, two, plain]) proxy.subscribe('secret', 'identity');
    assert.match(keyIn(await one.next('secret')) ?? '', /of a\/one$/);
    assert.match(keyIn(await two.next('secret')) ?? '', /of a\/two$/);
    assert.equal(keyIn(await plain.next('secret')), undefined);
    for (const proxy of [one, two, plain]) proxy.close();
    await until(() => harness.server.proxies().length === 0, 'all have left');
  });

  test('is sent a newer one, alone', async () => {
    const [one, two] = [await connected('a/one/2'), await connected('a/two/2')];
    for (const proxy of [one, two]) {
      proxy.subscribe('secret', 'identity');
      await proxy.next('secret');
    }
    followers.get('a/one')?.([identity('renewed')]);
    assert.equal(keyIn(await one.next('secret')), 'renewed');
    await two.quiet();
    assert.deepEqual(two.names('secret'), ['identity']);
    assert.equal(harness.server.proxy('a/one')?.pending, 0);
    for (const proxy of [one, two]) proxy.close();
    await until(() => harness.server.proxies().length === 0, 'both have left');
  });

  test('is not sent the shared one when that changes', async () => {
    const one = await connected('a/one/3');
    one.subscribe('secret', 'identity');
    await one.next('secret');
    harness.fixture.put('secret', 'identity', { name: 'identity', genericSecret: {} });
    await harness.fixture.graph.settled();
    await one.quiet();
    assert.deepEqual(one.names('secret'), ['identity']);
    harness.fixture.put('secret', 'identity', { name: 'identity' });
    await harness.fixture.graph.settled();
    one.close();
    await until(() => harness.server.proxies().length === 0, 'it has left');
  });

  test('gets what needs the secret, on demand as well', async () => {
    const { fixture } = harness;
    const needs = [{ kind: 'secret', name: 'identity' }] as const;
    fixture.put('cluster', 'svc/secured', { name: 'svc/secured' }, needs);
    fixture.onDemand.set('vip/10.0.0.9:80', {
      ...fixture.put('cluster', 'unused', { name: 'vip/10.0.0.9:80' }),
      name: 'vip/10.0.0.9:80',
      needs: [{ kind: 'cluster', name: 'svc/secured' }],
    });
    fixture.onUse = (workload) =>
      fixture.lists.set(workload, { clusters: ['svc/secured', 'svc/web'], listeners: ['vl/web'] });
    const one = withToken('a/one/4');
    one.subscribeAll();
    one.subscribe('secret', 'identity');
    one.subscribe('cluster', 'vip/10.0.0.9:80');
    await one.until(() => one.held.cluster.has('vip/10.0.0.9:80'), 'the stub did not come');
    assert.deepEqual(one.names('secret'), ['identity']);
    fixture.onUse = () => undefined;
    one.close();
    await until(() => harness.server.proxies().length === 0, 'it has left');
  });

  test('keeps it when more comes that needs the secret', async () => {
    const { fixture } = harness;
    const one = await connected('b/one/1');
    one.subscribe('secret', 'identity');
    await one.next('secret');
    fixture.put('cluster', 'svc/more', { name: 'svc/more' }, [{ kind: 'secret', name: 'identity' }]);
    fixture.lists.set('b/Deployment/app', { clusters: ['svc/more', 'svc/web'], listeners: ['vl/web'] });
    await fixture.graph.settled();
    await one.until(() => one.held.cluster.has('svc/more'), 'the cluster did not come');
    await one.quiet();
    const told = one.received.filter(({ kind }) => kind === 'secret').flatMap(({ removed }) => removed);
    assert.ok(!told.includes('identity'), told.join());
    assert.deepEqual(one.names('secret'), ['identity']);
    one.close();
    await until(() => harness.server.proxies().length === 0, 'it has left');
  });

  test('gets a new one when it comes back with that of an earlier stream', async () => {
    const one = await connected('a/one/5');
    one.subscribe('secret', 'identity');
    const earlier = keyIn(await one.next('secret'));
    const again = withToken('a/one/5');
    again.resume(one);
    assert.notEqual(keyIn(await again.next('secret')), earlier);
    assert.deepEqual(again.names('cluster'), []);
    again.close();
    await until(() => harness.server.proxies().length === 0, 'it has left');
  });

  test('is not held to be one of those who have the shared one, and nothing of it is published', async () => {
    const one = await connected('a/one/6');
    one.subscribe('secret', 'identity');
    await one.next('secret');
    await one.quiet();
    await harness.fixture.graph.settled();
    const published = [...harness.fixture.acks.entries()].filter(([key]) => key.includes('identity'));
    assert.deepEqual(
      published.filter(([, { holders, current }]) => holders + current > 0),
      [],
    );
    const held = harness.server.proxy('a/one')?.resources.find(({ kind }) => kind === 'secret');
    assert.deepEqual([held?.name, held?.current], ['identity', true]);
    one.close();
    await until(() => harness.server.proxies().length === 0, 'it has left');
  });

  test('that rejects one leaves no trace of what it says about it', async () => {
    const one = withToken('a/one/7', { acknowledge: false });
    one.subscribe('secret', 'identity');
    const response = await one.next('secret');
    one.reject(response, `cannot load ${keyIn(response) ?? ''}`);
    await until(() => (harness.server.proxy('a/one')?.nacks ?? 0) > 0, 'the rejection arrived');
    assert.match(logged.join(''), /WEFT-XDS-10/);
    assert.doesNotMatch(logged.join(''), /cannot load/);
    one.close();
    await until(() => harness.server.proxies().length === 0, 'it has left');
  });

  test('is refused where it can have none, and may come again', async () => {
    failing = true;
    const one = withToken('a/one/8');
    one.subscribeAll();
    assert.match((await one.status).details, /^WEFT-CA-08: /);
    one.close();
    failing = false;
    const again = await connected('a/one/8');
    again.close();
    await until(() => harness.server.proxies().length === 0, 'it has left');
  });

  test('is followed for no longer than its stream', async () => {
    const one = await connected('a/one/9');
    assert.equal(followers.has('a/one'), true);
    one.close();
    await until(() => harness.server.proxies().length === 0, 'it has left');
    assert.equal(followers.has('a/one'), false);
  });
});
