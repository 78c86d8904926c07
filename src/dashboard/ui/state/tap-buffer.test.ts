import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TapEvent } from '../../../telemetry/model.ts';
import { addEvents, emptyTap, matchesTap, titleOf } from './tap-buffer.ts';

const end = { kind: 'workload', namespace: 'shop', name: 'Deployment/web', version: '' } as const;

function event(path: string, status = 200): TapEvent {
  return {
    at: '2026-01-01T00:00:00.000Z',
    pod: 'shop/web-1',
    side: 'server',
    source: end,
    destination: { ...end, name: 'Deployment/cart' },
    sourceIdentity: '',
    destinationIdentity: '',
    service: 'shop/cart:80',
    route: '',
    protocol: 'http',
    method: 'GET',
    authority: 'cart',
    path,
    status,
    flags: [],
    requestId: 'r-1',
    traceId: '',
    attempts: 1,
    bytesReceived: 0,
    bytesSent: 0,
    durationMs: 1,
  };
}

const live = { isPaused: false, limit: 3 };

test('the newest come first and the oldest are let go', () => {
  const first = addEvents(emptyTap, [event('/1'), event('/2')], live);
  const second = addEvents(first, [event('/3'), event('/4')], live);
  assert.deepEqual(
    second.events.map((one) => [one.number, one.event.path]),
    [
      [3, '/4'],
      [2, '/3'],
      [1, '/2'],
    ],
  );
  assert.equal(second.received, 4);
});

test('during a pause the list stands still and what passes is counted', () => {
  const before = addEvents(emptyTap, [event('/1')], live);
  const paused = addEvents(before, [event('/2'), event('/3')], { ...live, isPaused: true });
  assert.equal(paused.events, before.events);
  assert.equal(paused.missed, 2);
  const after = addEvents(paused, [event('/4')], live);
  assert.deepEqual(
    after.events.map((one) => one.number),
    [3, 0],
  );
});

test('every word of a filter must be found', () => {
  const tapped = { number: 0, event: event('/cart?id=1', 503) };
  assert.equal(matchesTap(tapped, 'get 503'), true);
  assert.equal(matchesTap(tapped, 'get 200'), false);
  assert.equal(matchesTap(tapped, ''), true);
});

test('what has no method is told to be a connection', () => {
  assert.equal(titleOf(event('/cart')), 'GET /cart');
  assert.equal(titleOf({ ...event(''), method: '', protocol: 'tcp' }), 'TCP connection');
  assert.equal(titleOf({ ...event(''), method: '', protocol: '' }), 'TCP connection');
});
