import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TapEvent } from '../../telemetry/model.ts';
import { meshCluster } from '../testing.ts';

const path = '/apis/observe.weft.dev/v1alpha1/namespaces/shop/taps';

const event: TapEvent = {
  at: '2026-09-01T12:00:01.123Z',
  pod: 'shop/web-1',
  side: 'client',
  source: { kind: 'workload', namespace: 'shop', name: 'Deployment/web', version: 'v1' },
  destination: { kind: 'workload', namespace: 'shop', name: 'Deployment/cart', version: 'v2' },
  sourceIdentity: 'spiffe://cluster.local/ns/shop/sa/web',
  destinationIdentity: 'spiffe://cluster.local/ns/shop/sa/cart',
  service: 'shop/cart:80',
  route: 'shop/split',
  protocol: 'http/1.1',
  method: 'GET',
  authority: 'cart',
  path: '/items',
  status: 503,
  flags: ['UO: too many requests or connections at once'],
  requestId: 'r1',
  traceId: '',
  attempts: 2,
  bytesReceived: 0,
  bytesSent: 3,
  durationMs: 3.21,
  upstreamMs: 2,
};

function shop(...lines: readonly object[]): ReturnType<typeof meshCluster> {
  const cluster = meshCluster();
  cluster.streams.set(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return cluster;
}

test('a request is one line, and why it failed another; notices go to standard error', async () => {
  const cluster = shop({ at: event.at, notice: 'Watching 1 proxy of shop/Deployment/web.' }, event);
  const { exitCode, out, err } = await cluster.run('tap deploy/web -n shop --status error --max-rps 5');
  assert.equal(exitCode, 0);
  assert.equal(err, 'Watching 1 proxy of shop/Deployment/web.\nThe tap has ended.\n');
  assert.equal(
    out,
    [
      '12:00:01.123 web-1 > GET cart /items 503 3.2ms (first byte 2.0ms) 2 attempts to shop/Deployment/cart v2, mTLS, shop/cart:80, route shop/split',
      '             UO: too many requests or connections at once',
      '',
    ].join('\n'),
  );
  assert.deepEqual(cluster.asked, [`STREAM ${path}?watch=true&target=deploy/web&status=error&max-rps=5`]);
});

test('what a pod received without mutual TLS says from whom, as far as that is known', async () => {
  const unknown = { kind: 'unknown', namespace: '', name: '', version: '' };
  const received = { ...event, side: 'server', source: unknown, sourceIdentity: '', flags: [], attempts: 1 };
  const { out } = await shop(received).run('tap pod/web-1 -n shop');
  assert.match(out, / web-1 < GET cart .* from unknown, plain, /);
});

test('what a client wrote cannot steer the terminal', async () => {
  const evil = {
    ...event,
    path: '/\u001b[2J',
    requestHeaders: { 'x-a': '\u001b]0;title\u0007' },
    requestBody: 'a\u0008\nb',
  };
  const { out } = await shop(evil).run('tap deploy/web -n shop');
  assert.ok(!out.includes('\u001b') && !out.includes('\u0007') && !out.includes('\u0008'));
  assert.match(out, / \/\\x1b\[2J /);
  assert.match(out, /> \| a\\x08\n +> \| b/);
});

test('a whole namespace is asked for in its own path', async () => {
  const cluster = shop();
  await cluster.run('tap ns/shop');
  assert.deepEqual(cluster.asked, [`STREAM ${path}?watch=true&max-rps=100`]);
});

test('as JSON each request is one line, just as it came', async () => {
  const { out } = await shop(event, event).run('tap deploy/web -n shop -o json');
  const lines = out.trim().split('\n');
  assert.equal(lines.length, 2);
  assert.deepEqual(JSON.parse(lines[0] ?? ''), event);
});

test('a stream that ends with a reason is an error that says it', async () => {
  const { exitCode, err } = await shop({ kind: 'Status', message: 'WEFT-API-02: Nobody may.' }).run(
    'tap deploy/web -n shop',
  );
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-CLI-07: WEFT-API-02: Nobody may\./);
});

test('a stream that breaks off is told as such', async () => {
  const cluster = shop(event);
  cluster.breaks = new Error('aborted');
  const { exitCode, err } = await cluster.run('tap deploy/web -n shop');
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-CLI-07: The connection broke: aborted\./);
});

test('who may not watch is told the rule that is missing', async () => {
  const cluster = shop();
  cluster.refuse(`GET ${path}`, 403, 'nobody knows ada');
  const { err } = await cluster.run('tap deploy/web -n shop');
  assert.match(
    err,
    /^WEFT-CLI-06: You may not watch taps in namespace shop; .*resources: \[taps\], verbs: \[watch\]/,
  );
});

test('what names nothing is refused before anybody is asked', async () => {
  const cluster = shop();
  const { exitCode, err } = await cluster.run('tap web -n shop');
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-CLI-03: target: "web" names nothing/);
  assert.deepEqual(cluster.asked, []);
});
