import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { silent } from '../base/log.ts';
import { Authority } from '../ca/authority.ts';
import { dayMs, hourMs, testMaterial } from '../ca/testing.ts';
import { ServingCertificates } from './serving.ts';

function setUp(lifetimeMs = 30 * dayMs) {
  const clock = new MovableClock();
  const listeners = new Set<(authority: Authority) => void>();
  const keeper = {
    authority: undefined as Authority | undefined,
    onChange: (listener: (authority: Authority) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const give = (authority: Authority): void => {
    keeper.authority = authority;
    for (const listener of listeners) listener(authority);
  };
  const identity = {
    namespace: 'weft-system',
    serviceName: 'weft',
    serviceAccount: 'weft',
    trustDomain: 'cluster.local',
  };
  const serving = new ServingCertificates({
    keeper,
    identity: () => identity,
    lifetimeMs: () => lifetimeMs,
    clock,
    log: silent,
  });
  const stop = new AbortController();
  serving.start(stop.signal);
  const serials: string[] = [];
  serving.onChange(({ serial }) => serials.push(serial));
  return { clock, give, identity, serving, serials, stop };
}

function certificateOf(serving: ServingCertificates): string {
  return serving.current?.cert ?? '';
}

test('is issued as soon as there is an authority, for every name the Service is reached by', () => {
  const { clock, give, serving } = setUp();
  assert.ok(!serving.current);
  give(new Authority(testMaterial(clock), clock));
  const leaf = new X509Certificate(certificateOf(serving));
  assert.equal(
    leaf.subjectAltName,
    'DNS:weft.weft-system.svc, DNS:weft.weft-system.svc.cluster.local, DNS:weft.weft-system, ' +
      'URI:spiffe://cluster.local/ns/weft-system/sa/weft',
  );
});

test('one that was issued while the clock was ahead is replaced within a minute of the clock being right', () => {
  const { clock, give, serials, serving } = setUp();
  clock.jump(2 * hourMs);
  give(new Authority(testMaterial(), clock));
  clock.advance(60_000);
  assert.equal(serials.length, 1);
  clock.jump(-2 * hourMs);
  clock.advance(60_000);
  assert.equal(serials.length, 2);
  assert.ok(Date.parse(new X509Certificate(certificateOf(serving)).validFrom) <= clock.now());
});

test('is renewed at two thirds of its life, again and again', () => {
  const { clock, give, serials } = setUp();
  give(new Authority(testMaterial(clock), clock));
  clock.advance(20 * dayMs - hourMs);
  assert.equal(serials.length, 1);
  clock.advance(hourMs);
  assert.equal(serials.length, 2);
  clock.advance(20 * dayMs);
  assert.equal(new Set(serials).size, 3);
});

test('another root brings another certificate at once, another intermediate does not', () => {
  const { clock, give, serials, serving } = setUp();
  const material = testMaterial(clock);
  give(new Authority(material, clock));
  give(new Authority(material, clock));
  assert.equal(serials.length, 1);
  const next = new Authority(testMaterial(clock), clock);
  give(next);
  assert.equal(serials.length, 2);
  assert.equal(serving.current?.ca, next.trustBundle);
});

test('another trust domain brings another certificate, the same one does not', () => {
  const { clock, give, identity, serials, serving } = setUp();
  serving.refresh();
  give(new Authority(testMaterial(clock), clock));
  serving.refresh();
  assert.equal(serials.length, 1);
  identity.trustDomain = 'corp.example';
  serving.refresh();
  assert.equal(serials.length, 2);
  const { subjectAltName } = new X509Certificate(certificateOf(serving));
  assert.match(subjectAltName ?? '', /URI:spiffe:\/\/corp\.example\/ns\/weft-system\/sa\/weft/);
});

test('an authority that cannot sign leaves the last certificate in use and is asked again', () => {
  const { clock, give, serials, serving } = setUp();
  give(new Authority(testMaterial(clock, 10 * dayMs), clock));
  clock.advance(10 * dayMs);
  const last = serving.current;
  const count = serials.length;
  clock.advance(hourMs);
  assert.equal(serving.current, last);
  assert.equal(serials.length, count);
  give(new Authority(testMaterial(clock), clock));
  assert.equal(serials.length, count + 1);
});

test('nothing is renewed after the end', () => {
  const { clock, give, serials, stop } = setUp();
  give(new Authority(testMaterial(clock), clock));
  stop.abort();
  clock.advance(100 * dayMs);
  assert.equal(serials.length, 1);
});
