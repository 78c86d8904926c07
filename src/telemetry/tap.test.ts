/** Of live requests: what is read, what is matched, what is let through, and who may not speak for whom. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { Graph } from '../graph/graph.ts';
import type { MeshPod } from '../mesh/model.ts';
import { Ends } from './ends.ts';
import type { TapEvent } from './model.ts';
import { message } from './protobuf-writer.ts';
import { readContents, type TappedContent, visibleHeaders } from './tap-contents.ts';
import { readLogMessage } from './tap-entry.ts';
import { tapMatcher, type TapSpec } from './tap-filter.ts';
import { TapHub } from './tap-hub.ts';
import { tapIntake } from './tap-intake.ts';
import { TapJoin } from './tap-join.ts';
import { TapQueue } from './tap-queue.ts';

const web: MeshPod = {
  namespace: 'shop',
  name: 'web-1',
  uid: 'u1',
  addresses: ['10.0.0.7'],
  serviceAccount: 'web',
  workload: 'shop/Deployment/web',
  zone: '',
  labels: {},
  meshed: true,
  version: 'v1',
  ready: true,
  terminating: false,
  createdAt: '2026-01-01T00:00:00Z',
};
const cart: MeshPod = {
  ...web,
  name: 'cart-1',
  workload: 'shop/Deployment/cart',
  serviceAccount: 'cart',
  addresses: ['10.0.0.8'],
};
const identityOf = (name: string): string => `spiffe://cluster.local/ns/shop/sa/${name}`;

const address = (host: string, port: number): Buffer =>
  message({
    number: 1,
    bytes: message({ number: 2, text: host }, { number: 3, varint: port }),
  });
const time = (milliseconds: number): Buffer => message({ number: 2, varint: milliseconds * 1_000_000 });

interface Logged {
  readonly peerUri?: string;
  readonly peerSubject?: string;
  readonly from?: string;
  readonly path?: string;
}

/** One request as a server's proxy logs it. */
function serverEntry({ peerUri, peerSubject, from = '10.0.0.8', path = '/' }: Logged = {}): Buffer {
  const tls =
    peerUri === undefined
      ? []
      : [
          {
            number: 4,
            bytes: message({
              number: 5,
              bytes: message(
                { number: 1, bytes: message({ number: 1, text: peerUri }) },
                { number: 2, text: peerSubject ?? '' },
              ),
            }),
          },
        ];
  const common = message(
    { number: 2, bytes: address(from, 40_000) },
    ...tls,
    { number: 5, bytes: message({ number: 1, varint: 1_788_264_000 }) },
    { number: 9, bytes: time(3) },
    { number: 16, bytes: message({ number: 8, varint: 1 }) },
    {
      number: 22,
      bytes: message(
        { number: 1, text: 'p' },
        { number: 2, text: '14|00-0123456789abcdef0123456789abcdef-b7ad6b7169203331-01' },
      ),
    },
    { number: 23, bytes: time(5) },
    { number: 24, varint: 2 },
    // From a future version.
    { number: 99, text: 'unknown' },
  );
  const request = message(
    { number: 1, varint: 3 },
    { number: 3, text: 'web' },
    { number: 5, text: path },
    { number: 9, text: 'r1' },
  );
  const response = message(
    { number: 1, bytes: message({ number: 1, varint: 200 }) },
    { number: 3, varint: 7 },
  );
  return message(
    { number: 1, bytes: common },
    { number: 2, varint: 3 },
    { number: 3, bytes: request },
    { number: 4, bytes: response },
  );
}

function logMessage(nodeId: string, logName: string, ...entries: readonly Buffer[]): Buffer {
  const identifier = message(
    { number: 1, bytes: message({ number: 1, text: nodeId }) },
    { number: 2, text: logName },
  );
  return message(
    { number: 1, bytes: identifier },
    { number: 2, bytes: message(...entries.map((bytes) => ({ number: 1, bytes }))) },
  );
}

async function world(spec: TapSpec = { target: 'shop/Deployment/web', maxPerSecond: 100 }) {
  const graph = new Graph({ onError: (error) => assert.fail(error) });
  const pods = graph.source<MeshPod>('pods');
  for (const pod of [web, cart]) pods.set(`${pod.namespace}/${pod.name}`, pod);
  await graph.settled();
  const switchedOff: string[] = [];
  const clock = new MovableClock();
  const hub = new TapHub({ pods, clock, switchOff: ({ name }) => void switchedOff.push(name) });
  const names = {
    ends: new Ends(),
    pod: (key: string) => pods.get(key),
    podAt: (host: string) => [web, cart].find(({ addresses }) => addresses.includes(host)),
    serviceAt: () => undefined,
    trustDomain: () => 'cluster.local',
  };
  const events: TapEvent[] = [];
  const unsubscribe = hub.subscribe(spec, (event) => events.push(event));
  const intake = tapIntake({
    hub,
    names,
    identify: (peer, nodeId) => {
      const pod = [web, cart].find(({ name }) => nodeId === `shop/${name}/u1`);
      if (pod === undefined || peer.kind !== 'certificate' || peer.uri !== identityOf(pod.serviceAccount)) {
        return Promise.reject(new Error('it is not that pod'));
      }
      return Promise.resolve({ key: `shop/${pod.name}`, identity: peer.uri });
    },
  });
  const from = (account: string) => intake({ kind: 'certificate', uri: identityOf(account), subject: '' });
  return { events, from, switchedOff, unsubscribe, clock };
}

describe('the log of a proxy', () => {
  test('becomes an event with ends, identities, times and reasons', async () => {
    const { events, from } = await world();
    const entry = serverEntry({
      peerUri: identityOf('cart'),
      peerSubject: 'CN=Deployment/cart,O=shop,OU=v2',
      path: '/x',
    });
    await from('web').take(logMessage('shop/web-1/u1', 'server', entry));
    assert.deepEqual(events, [
      {
        at: new Date(1_788_264_000_000).toISOString(),
        pod: 'shop/web-1',
        side: 'server',
        source: { kind: 'workload', namespace: 'shop', name: 'Deployment/cart', version: 'v2' },
        destination: { kind: 'workload', namespace: 'shop', name: 'Deployment/web', version: 'v1' },
        sourceIdentity: identityOf('cart'),
        destinationIdentity: identityOf('web'),
        service: '',
        route: '',
        protocol: 'grpc',
        method: 'POST',
        authority: 'web',
        path: '/x',
        status: 200,
        grpcStatus: 14,
        flags: ['UO: too many requests or connections at once'],
        requestId: 'r1',
        traceId: '0123456789abcdef0123456789abcdef',
        attempts: 2,
        bytesReceived: 0,
        bytesSent: 7,
        durationMs: 5,
        upstreamMs: 3,
      } satisfies TapEvent,
    ]);
  });

  test('without mutual TLS names the pod that has the address, and proves nobody', async () => {
    const { events, from } = await world();
    const sink = from('web');
    await sink.take(logMessage('shop/web-1/u1', 'server', serverEntry(), serverEntry({ from: '192.0.2.1' })));
    assert.deepEqual(
      events.map(({ source, sourceIdentity, destinationIdentity }) => [
        source.name,
        source.kind,
        sourceIdentity,
        destinationIdentity,
      ]),
      [
        ['Deployment/cart', 'workload', '', ''],
        ['', 'unknown', '', ''],
      ],
    );
  });

  test('is that of the pod of its connection: a proxy cannot log for another', async () => {
    const { events, from } = await world();
    const stolen = logMessage('shop/web-1/u1', 'server', serverEntry());
    await assert.rejects(from('cart').take(stolen), /it is not that pod/);
    assert.deepEqual(events, []);
  });

  test('that names another pod later stays that of the first', async () => {
    const { events, from } = await world();
    const sink = from('cart');
    await sink.take(logMessage('shop/cart-1/u1', 'server', serverEntry()));
    await sink.take(logMessage('shop/web-1/u1', 'server', serverEntry()));
    assert.deepEqual(events, []);
  });

  test('that cannot be read is refused with a code, wherever it is cut', async () => {
    const whole = logMessage('shop/web-1/u1', 'server', serverEntry({ peerUri: identityOf('cart') }));
    for (let length = 1; length < whole.length; length++) {
      const { from, events } = await world();
      const cut = whole.subarray(0, length);
      await from('web')
        .take(cut)
        .catch((error: { code?: string; message: string }) => {
          assert.ok(error.code === 'WEFT-TEL-01' || error.message === 'it is not that pod', error.message);
        });
      assert.ok(events.length <= 1);
    }
    assert.throws(() => readLogMessage(Buffer.alloc(200, 0xff)));
    const { from } = await world();
    await assert.rejects(from('web').take(logMessage('shop/web-1/u1', 'other')), { code: 'WEFT-TEL-01' });
  });

  test('that nobody wants makes its proxy be switched off, once in a while', async () => {
    const { from, switchedOff, unsubscribe, clock } = await world();
    const sink = from('web');
    const logged = logMessage('shop/web-1/u1', 'server', serverEntry());
    await sink.take(logged);
    assert.deepEqual(switchedOff, []);
    unsubscribe();
    for (let count = 0; count < 3; count++) await sink.take(logged);
    assert.deepEqual(switchedOff, ['web-1']);
    clock.advance(6_000);
    await sink.take(logged);
    assert.deepEqual(switchedOff, ['web-1', 'web-1']);
  });
});

const event: TapEvent = {
  at: '2026-09-01T12:00:00.000Z',
  pod: 'shop/web-1',
  side: 'client',
  source: { kind: 'workload', namespace: 'shop', name: 'Deployment/web', version: '' },
  destination: { kind: 'workload', namespace: 'shop', name: 'Deployment/cart', version: '' },
  sourceIdentity: '',
  destinationIdentity: '',
  service: 'shop/cart:80',
  route: '',
  protocol: 'http/1.1',
  method: 'GET',
  authority: 'cart',
  path: '/items/1',
  status: 503,
  flags: [],
  requestId: 'r1',
  traceId: '',
  attempts: 1,
  bytesReceived: 0,
  bytesSent: 0,
  durationMs: 1,
};

describe('a filter', () => {
  const cases: readonly (readonly [Partial<TapSpec>, boolean])[] = [
    [{ path: '/items' }, true],
    [{ path: '/item/' }, false],
    [{ path: '/*/1' }, true],
    [{ path: '/items/1*1' }, false],
    [{ path: '*' }, true],
    [{ status: '503' }, true],
    [{ status: '5xx' }, true],
    [{ status: '4xx' }, false],
    [{ status: 'error' }, true],
    [{ status: '0' }, false],
    [{ method: 'GET' }, true],
    [{ method: 'POST' }, false],
    [{ to: 'shop' }, true],
    [{ to: 'shop/Deployment/cart' }, true],
    [{ to: 'service/shop/cart' }, true],
    [{ to: 'service/shop/cart:80' }, true],
    [{ to: 'service/shop/car' }, false],
    [{ to: 'service/shop/cart:8' }, false],
    // It was sent, so it was received from nobody.
    [{ from: 'shop' }, false],
    [{ side: 'server' }, false],
  ];
  for (const [parts, expected] of cases) {
    test(`${JSON.stringify(parts)} ${expected ? 'takes' : 'leaves out'} the request`, () => {
      assert.equal(tapMatcher({ target: 'shop', maxPerSecond: 1, ...parts })(event), expected);
    });
  }
});

test('a queue lets through what its limit allows, counts the rest, and a clock that is set changes nothing', async () => {
  const clock = new MovableClock();
  const queue = new TapQueue<number>(clock, 2);
  for (let count = 0; count < 5; count++) queue.offer(count);
  assert.equal(queue.takeDropped(), 3);
  clock.jump(-3_600_000);
  queue.offer(5);
  assert.equal(queue.takeDropped(), 1);
  clock.advance(500);
  queue.offer(6);
  queue.tell(7);
  queue.end();
  queue.offer(8);
  const seen: number[] = [];
  for await (const line of queue) seen.push(line);
  assert.deepEqual(seen, [0, 1, 6, 7]);
});

describe('headers and bodies', () => {
  const content: TappedContent = {
    requestId: 'r1',
    method: 'GET',
    path: '/items/1',
    requestHeaders: { ':path': '/items/1', 'x-a': '1', authorization: 'secret' },
    responseHeaders: { 'set-cookie': 'secret', 'content-type': 'text/plain' },
    requestBody: '',
    responseBody: 'b',
  };
  const join = (match?: { name: string; value?: string }) => {
    const clock = new MovableClock();
    const delivered: TapEvent[] = [];
    const spec = { headers: true, secrets: false, bodies: false, ...(match === undefined ? {} : { match }) };
    return { clock, delivered, join: new TapJoin({ clock, spec, deliver: (one) => delivered.push(one) }) };
  };

  test('wait for their request and it for them, whichever comes first', () => {
    for (const order of ['event first', 'content first']) {
      const { delivered, join: joined } = join();
      if (order === 'event first') joined.event(event);
      joined.content('shop/web-1', content);
      if (order === 'content first') joined.event(event);
      assert.deepEqual(delivered[0]?.requestHeaders, { 'x-a': '1', authorization: '[hidden]' }, order);
      assert.deepEqual(delivered[0]?.responseHeaders, {
        'set-cookie': '[hidden]',
        'content-type': 'text/plain',
      });
      assert.equal(delivered[0]?.responseBody, undefined);
    }
  });

  test('of one id are told apart by method and path, and never given to another pod', () => {
    const { delivered, join: joined } = join();
    joined.content('shop/web-1', { ...content, path: '/in', requestHeaders: { which: 'in' } });
    joined.content('shop/web-1', { ...content, requestHeaders: { which: 'out' } });
    joined.content('shop/cart-1', { ...content, requestHeaders: { which: 'other' } });
    joined.event(event);
    assert.deepEqual(delivered[0]?.requestHeaders, { which: 'out' });
  });

  test('that do not come do not keep the request back, unless it was to be matched by them', () => {
    const plain = join();
    plain.join.event(event);
    plain.clock.advance(2_001);
    assert.equal(plain.delivered.length, 1);
    const matching = join({ name: 'x-a' });
    matching.join.event(event);
    matching.clock.advance(2_001);
    assert.equal(matching.delivered.length, 0);
  });

  test('are read from documents however these are cut, and large ones are refused', async () => {
    const document = (id: string): string =>
      `${JSON.stringify({ http_buffered_trace: { request: { headers: [{ key: 'x-request-id', value: id }], body: { as_string: '\n}\n', truncated: false } } } }, null, 1)}\n`;
    const bytes = Buffer.from(document('a') + document('ü'));
    for (const step of [1, 7, bytes.length]) {
      const pieces = async function* () {
        for (let at = 0; at < bytes.length; at += step)
          yield await Promise.resolve(bytes.subarray(at, at + step));
      };
      const ids: string[] = [];
      for await (const one of readContents(pieces())) ids.push(`${one.requestId}${one.requestBody}`);
      assert.deepEqual(ids, ['a\n}\n', 'ü\n}\n']);
    }
    const flood = async function* () {
      for (let count = 0; count < 20; count++) yield await Promise.resolve(Buffer.alloc(100_000, 0x20));
    };
    await assert.rejects(async () => {
      for await (const _ of readContents(flood())) assert.fail();
    }, /too large/);
  });

  test('hide what authenticates somebody, unless all may be seen', () => {
    const headers = { cookie: 'a', 'x-session-id': 'b', 'x-api-key': 'c', 'my-auth-token': 'd', accept: 'e' };
    assert.deepEqual(Object.values(visibleHeaders(headers, { secrets: false })), [
      '[hidden]',
      '[hidden]',
      '[hidden]',
      '[hidden]',
      'e',
    ]);
    assert.deepEqual(visibleHeaders(headers, { secrets: true }), headers);
  });
});
