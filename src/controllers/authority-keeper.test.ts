import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { createLogger, silent } from '../base/log.ts';
import { Authority } from '../ca/authority.ts';
import { createAuthorityMaterial } from '../ca/material.ts';
import { secrets } from '../kube/resources.ts';
import { AuthorityKeeper, type AuthorityKeeperOptions } from './authority-keeper.ts';
import { authoritySecretName, materialOfSecret, secretOfMaterial } from './authority-secret.ts';
import { authorityLifetimes } from './authority-settings.ts';
import type { Secret } from './objects.ts';
import { kubeError, RecordedApi, settle } from './testing.ts';

const namespace = 'weft-system';
const dayMs = 86_400_000;

function keeperOn(api: RecordedApi, change: Partial<AuthorityKeeperOptions> = {}): AuthorityKeeper {
  return new AuthorityKeeper({
    api,
    namespace,
    clock: new MovableClock(),
    log: silent,
    trustDomain: () => 'cluster.local',
    lifetimes: () => authorityLifetimes(undefined),
    ...change,
  });
}

function stored(api: RecordedApi): Secret {
  const secret = api.peek<Secret>(secrets, authoritySecretName, namespace);
  assert.ok(secret);
  return secret;
}

function newMaterial() {
  const clock = new MovableClock();
  return createAuthorityMaterial({
    trustDomain: 'cluster.local',
    rootLifetimeMs: 3650 * dayMs,
    intermediateLifetimeMs: 365 * dayMs,
    clock,
  });
}

test('makes the Secret where there is none', async () => {
  const api = new RecordedApi();
  const keeper = keeperOn(api);
  await keeper.start(AbortSignal.timeout(5000));
  assert.deepEqual(api.writes, ['create secrets weft-system/weft-ca']);
  assert.equal(stored(api).type, 'weft.dev/certificate-authority');
  const authority = new Authority(materialOfSecret(stored(api)), new MovableClock());
  assert.equal(keeper.authority?.root.serial, authority.root.serial);
});

test('ten replicas that start at the same moment end up with one authority', async () => {
  const api = new RecordedApi();
  const keepers = Array.from({ length: 10 }, () => keeperOn(api));
  await Promise.all(keepers.map((keeper) => keeper.start(AbortSignal.timeout(5000))));
  const serials = new Set(keepers.map((keeper) => keeper.authority?.intermediate.serial));
  assert.equal(serials.size, 1);
  assert.equal(stored(api).metadata.resourceVersion, '1', 'written once');
});

test('reads the Secret that is there and writes nothing', async () => {
  const api = new RecordedApi();
  api.put(secrets, secretOfMaterial(newMaterial(), namespace));
  const keeper = keeperOn(api);
  await keeper.start(AbortSignal.timeout(5000));
  assert.ok(keeper.authority);
  assert.deepEqual(api.writes, []);
});

test('tries again while the API server is away', async () => {
  const api = new RecordedApi();
  api.failNext('get', kubeError(503));
  const keeper = keeperOn(api);
  await keeper.start(AbortSignal.timeout(5000));
  assert.ok(keeper.authority);
});

test('a damaged Secret is refused, never overwritten, and taken up as soon as it is repaired', async () => {
  const api = new RecordedApi();
  const good = secretOfMaterial(newMaterial(), namespace);
  const damaged = api.put(secrets, { ...good, data: { ...good.data, 'root.key': '' } });
  const keeper = keeperOn(api);
  const stop = new AbortController();
  const started = keeper.start(stop.signal);
  await settle();
  assert.equal(keeper.authority, undefined);
  assert.match(keeper.fault?.describe() ?? '', /^WEFT-CA-01: rootKey is missing/);
  assert.deepEqual(api.writes, []);
  keeper.set('weft-system/weft-ca', { ...good, metadata: { ...damaged.metadata, resourceVersion: '9' } });
  await started;
  assert.ok(keeper.authority);
  assert.equal(keeper.fault, undefined);
  stop.abort();
});

test('a Secret that is damaged later leaves the last good authority in use', async () => {
  const api = new RecordedApi();
  const keeper = keeperOn(api);
  await keeper.start(AbortSignal.timeout(5000));
  const before = keeper.authority;
  const secret = stored(api);
  keeper.set('weft-system/weft-ca', {
    ...secret,
    data: {},
    metadata: { ...secret.metadata, resourceVersion: '9' },
  });
  assert.equal(keeper.authority, before);
  assert.equal(keeper.fault?.code, 'WEFT-CA-01');
  await keeper.renewIfDue();
  assert.deepEqual(api.writes, ['create secrets weft-system/weft-ca']);
});

test('another Secret takes the place of the old one without a restart', async () => {
  const api = new RecordedApi();
  const keeper = keeperOn(api);
  await keeper.start(AbortSignal.timeout(5000));
  const seen: string[] = [];
  keeper.onChange((authority) => seen.push(authority.root.serial));
  const next = api.put(secrets, secretOfMaterial(newMaterial(), namespace));
  keeper.set('weft-system/weft-ca', next);
  keeper.set('weft-system/weft-ca', next);
  assert.equal(seen.length, 2, 'once for the one in use, once for the new one');
  assert.equal(seen[1], keeper.authority?.root.serial);
});

test('a deleted Secret is written back from memory', async () => {
  const api = new RecordedApi();
  const keeper = keeperOn(api);
  const stop = new AbortController();
  await keeper.start(stop.signal);
  const serial = keeper.authority?.root.serial;
  api.remove(secrets, authoritySecretName, namespace);
  keeper.delete('weft-system/weft-ca');
  await settle();
  const restored = new Authority(materialOfSecret(stored(api)), new MovableClock());
  assert.equal(restored.root.serial, serial);
  stop.abort();
});

test('a replica that never had a good Secret leaves it to others to write theirs back, then makes a new one', async () => {
  const api = new RecordedApi();
  const clock = new MovableClock();
  const good = secretOfMaterial(newMaterial(), namespace);
  api.put(secrets, { ...good, data: {} });
  const keeper = keeperOn(api, { clock });
  const stop = new AbortController();
  const started = keeper.start(stop.signal);
  await settle();
  api.remove(secrets, authoritySecretName, namespace);
  keeper.delete('weft-system/weft-ca');
  await settle();
  assert.deepEqual(api.writes, []);
  clock.advance(10_000);
  await started;
  assert.deepEqual(api.writes, ['create secrets weft-system/weft-ca']);
  stop.abort();
});

test('the intermediate is renewed when a third of its life is left, and not before', async () => {
  const api = new RecordedApi();
  const clock = new MovableClock();
  const keeper = keeperOn(api, { clock });
  await keeper.start(AbortSignal.timeout(5000));
  const before = keeper.authority;
  clock.advance(243 * dayMs);
  await keeper.renewIfDue();
  assert.equal(keeper.authority, before);
  clock.advance(dayMs);
  await keeper.renewIfDue();
  assert.notEqual(keeper.authority?.intermediate.serial, before?.intermediate.serial);
  assert.equal(keeper.authority?.root.serial, before?.root.serial);
  assert.deepEqual(api.writes, ['create secrets weft-system/weft-ca', 'update secrets weft-system/weft-ca']);
});

test('the last intermediate of a root is not renewed over and over', async () => {
  const api = new RecordedApi();
  const clock = new MovableClock();
  const keeper = keeperOn(api, {
    clock,
    lifetimes: () => ({ ...authorityLifetimes(undefined), rootMs: 300 * dayMs }),
  });
  await keeper.start(AbortSignal.timeout(5000));
  clock.advance(299 * dayMs);
  await keeper.renewIfDue();
  assert.deepEqual(api.writes, ['create secrets weft-system/weft-ca']);
});

test('a replica that renews with an old Secret in hand takes up what the other one wrote', async () => {
  const api = new RecordedApi();
  const clock = new MovableClock();
  const [first, second] = [keeperOn(api, { clock }), keeperOn(api, { clock })];
  await first.start(AbortSignal.timeout(5000));
  await second.start(AbortSignal.timeout(5000));
  clock.advance(300 * dayMs);
  await Promise.all([first.renewIfDue(), second.renewIfDue()]);
  assert.equal(first.authority?.intermediate.serial, second.authority?.intermediate.serial);
  assert.equal(stored(api).metadata.resourceVersion, '2');
});

test('keys never reach the log', async () => {
  const lines: string[] = [];
  const log = createLogger(
    'trace',
    new Writable({
      write: (line, _encoding, done) => {
        lines.push(String(line));
        done();
      },
    }),
  );
  const api = new RecordedApi();
  const keeper = keeperOn(api, { log });
  await keeper.start(AbortSignal.timeout(5000));
  const secret = stored(api);
  const bad = { ...secret.data, 'root.key': secret.data?.['intermediate.key'] ?? '' };
  keeper.set('weft-system/weft-ca', {
    ...secret,
    data: bad,
    metadata: { ...secret.metadata, resourceVersion: '9' },
  });
  assert.ok(lines.length >= 2);
  for (const line of lines) assert.doesNotMatch(line, /PRIVATE|LS0tLS|MIG/);
});
