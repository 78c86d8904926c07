import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { setImmediate as turn } from 'node:timers/promises';
import { silent } from '../base/log.ts';
import { Authority } from '../ca/authority.ts';
import { dayMs, hourMs, testMaterial } from '../ca/testing.ts';
import { StubKeeper } from './testing.ts';
import { type WorkloadIdentity, WorkloadIdentities } from './workload-identities.ts';

const identity = 'spiffe://cluster.local/ns/shop/sa/web';
const subject = { namespace: 'shop', workload: 'Deployment/web', version: 'v1' };

function setUp() {
  const clock = new MovableClock();
  const keeper = new StubKeeper();
  const lifetime = { ms: dayMs };
  const identities = new WorkloadIdentities({ keeper, lifetimeMs: () => lifetime.ms, clock, log: silent });
  const stop = new AbortController();
  identities.start(stop.signal);
  const authority = (): Authority => new Authority(testMaterial(clock), clock);
  /** What one proxy is given, in order. */
  const follow = (): { readonly given: WorkloadIdentity[]; readonly end: () => void } => {
    const given: WorkloadIdentity[] = [];
    return { given, end: identities.follow({ identity, subject }, (one) => given.push(one)) };
  };
  return { clock, keeper, lifetime, identities, authority, follow, stop };
}

test('a proxy is given the identity of its workload, with a key that fits and the roots of the mesh', () => {
  const { keeper, authority, follow, clock } = setUp();
  const current = authority();
  keeper.give(current);
  const [one] = follow().given;
  assert.ok(one !== undefined);
  const leaf = new X509Certificate(one.chain);
  assert.equal(leaf.subjectAltName, `URI:${identity}`);
  assert.equal(leaf.subject, 'OU=v1\nO=shop\nCN=Deployment/web');
  assert.ok(leaf.checkPrivateKey(createPrivateKey(one.key)));
  assert.equal(one.roots, current.trustBundle);
  assert.equal(one.notAfterMs - one.notBeforeMs, dayMs);
  assert.ok(one.notBeforeMs <= clock.now());
});

test('two proxies of one workload have different keys', () => {
  const { keeper, authority, follow } = setUp();
  keeper.give(authority());
  assert.notEqual(follow().given[0]?.key, follow().given[0]?.key);
});

test('it is renewed at two thirds of its lifetime with another key, again and again', () => {
  const { keeper, authority, follow, clock } = setUp();
  keeper.give(authority());
  const { given } = follow();
  clock.advance(16 * hourMs - 120_000);
  assert.equal(given.length, 1);
  clock.advance(120_000);
  assert.equal(given.length, 2);
  clock.advance(16 * hourMs);
  assert.equal(given.length, 3);
  assert.equal(new Set(given.map(({ key }) => key)).size, 3);
  for (const one of given.slice(1)) assert.equal(one.notAfterMs - one.notBeforeMs, dayMs);
});

test('it lives as long as the CertificateAuthority says when it is issued', () => {
  const { keeper, authority, follow, clock, lifetime } = setUp();
  keeper.give(authority());
  const { given } = follow();
  lifetime.ms = hourMs;
  clock.advance(16 * hourMs);
  assert.deepEqual(
    given.map(({ notBeforeMs, notAfterMs }) => notAfterMs - notBeforeMs),
    [dayMs, hourMs],
  );
  clock.advance(41 * 60_000);
  assert.equal(given.length, 3);
});

test('another root is handed on at once, another intermediate is not', () => {
  const { keeper, authority, follow, clock } = setUp();
  const first = authority();
  keeper.give(first);
  const { given } = follow();
  keeper.give(first);
  assert.equal(given.length, 1);
  const second = new Authority(testMaterial(clock), clock);
  keeper.give(second);
  assert.deepEqual(
    given.map(({ roots }) => roots),
    [first.trustBundle, second.trustBundle],
  );
});

test('who does not follow any more is given nothing', () => {
  const { keeper, authority, follow, clock } = setUp();
  keeper.give(authority());
  const { given, end } = follow();
  end();
  clock.advance(20 * hourMs);
  assert.equal(given.length, 1);
});

test('without an authority, or with one that has ended, nobody is given anything', () => {
  const { keeper, follow, clock } = setUp();
  assert.throws(follow, { code: 'WEFT-CA-08' });
  keeper.give(new Authority(testMaterial(clock, hourMs), clock));
  clock.advance(2 * hourMs);
  assert.throws(follow, { code: 'WEFT-CA-08' });
});

test('what cannot be renewed stays, and is renewed once it can be', () => {
  const { keeper, authority, follow, clock } = setUp();
  keeper.give(new Authority(testMaterial(clock, hourMs), clock));
  const { given } = follow();
  clock.advance(2 * hourMs);
  const before = given.length;
  clock.advance(hourMs);
  assert.equal(given.length, before);
  keeper.give(authority());
  assert.equal(given.length, before + 1);
});

test('many are renewed without holding up everything else', async () => {
  const { keeper, authority, follow, clock } = setUp();
  keeper.give(authority());
  const all = Array.from({ length: 300 }, follow);
  keeper.give(new Authority(testMaterial(clock), clock));
  assert.ok(
    all.some(({ given }) => given.length === 1),
    'not all of them in one go',
  );
  while (all.some(({ given }) => given.length < 2)) await turn();
  assert.ok(all.every(({ given }) => given.length === 2));
});

test('one that was issued while the clock was ahead is replaced once the clock is right', async () => {
  const { keeper, authority, follow, clock } = setUp();
  keeper.give(authority());
  clock.jump(2 * hourMs);
  const { given } = follow();
  clock.advance(60_000);
  await turn();
  assert.equal(given.length, 1);
  clock.jump(-2 * hourMs);
  clock.advance(60_000);
  await turn();
  assert.equal(given.length, 2);
  assert.ok((given[1]?.notBeforeMs ?? Infinity) <= clock.now());
});
