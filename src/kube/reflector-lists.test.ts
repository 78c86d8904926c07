/** The reflector where the server has no WatchList, or not the kind at all. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import { configMaps } from './resources.ts';
import {
  added,
  collectingLog,
  FaultServer,
  initialEnd,
  json,
  type LoggedLine,
  object,
  openWatch,
  refusal,
  type TestObject,
  TestSink,
  watch,
} from './testing.ts';

let server: FaultServer;
let sink: TestSink<number>;
let lines: readonly LoggedLine[];
let stop: AbortController;
let running: Promise<void> | undefined;

beforeEach(async () => {
  server = await FaultServer.start();
  sink = new TestSink();
  stop = new AbortController();
  running = undefined;
});

afterEach(async () => {
  stop.abort();
  await running;
  await server.close();
});

function start(options: Partial<ReflectorOptions<TestObject, number>> = {}): Reflector<TestObject, number> {
  const collected = collectingLog();
  lines = collected.lines;
  const reflector = new Reflector<TestObject, number>({
    api: server.api(),
    type: configMaps,
    project: ({ metadata }) => Number(metadata.resourceVersion),
    sink,
    log: collected.log,
    backoff: { initialMs: 1, maxMs: 4 },
    absentBackoff: { initialMs: 1, maxMs: 4 },
    ...options,
  });
  running = reflector.run(stop.signal);
  return reflector;
}

function page(names: readonly string[], version: number, next?: string) {
  const items = names.map((name) => object(name, version));
  return json(200, { metadata: { resourceVersion: String(version), continue: next }, items });
}

const noWatchList = refusal(422, 'Invalid');
const queryOf = (index: number, name: string): string | null | undefined =>
  server.requests[index]?.query.get(name);

test('without WatchList everything is read in pages and watched from there', async () => {
  server.script(noWatchList, page(['a', 'b'], 5, 'more'), page(['c'], 5), watch([added('d', 6)]));
  await start().synced;
  await sink.until(() => sink.values.has('shop/d'));
  assert.deepEqual(sink.calls, ['replace 3', 'set shop/d']);
  assert.equal(queryOf(1, 'limit'), '500');
  assert.equal(queryOf(2, 'continue'), 'more');
  assert.equal(queryOf(3, 'watch'), 'true');
  assert.equal(queryOf(3, 'resourceVersion'), '5');
});

test('an empty list, which has null for items, is complete', async () => {
  server.script(noWatchList, json(200, { metadata: { resourceVersion: '5' }, items: null }));
  await start().synced;
  assert.deepEqual(sink.calls, ['replace 0']);
});

test('WatchList is not tried again on a server that has refused it', async () => {
  server.script(noWatchList, page(['a'], 5), watch([], 'close'), refusal(410, 'Expired'), page(['b'], 9));
  start();
  await sink.until(() => sink.values.has('shop/b'));
  assert.equal(queryOf(4, 'sendInitialEvents'), null);
});

test('a page that has expired makes it read everything in one piece', async () => {
  server.script(noWatchList, page(['a', 'gone'], 5, 'more'), refusal(410, 'Expired'), page(['a', 'b'], 8));
  await start().synced;
  assert.deepEqual(sink.keys(), ['shop/a', 'shop/b']);
  assert.equal(queryOf(3, 'limit'), null);
  assert.equal(queryOf(3, 'continue'), null);
});

test('a list that fails half way delivers nothing and starts again', async () => {
  server.script(noWatchList, page(['a'], 5, 'more'), refusal(403, 'Forbidden'), page(['b'], 6));
  await start().synced;
  assert.deepEqual(sink.calls, ['replace 1']);
  assert.deepEqual(sink.keys(), ['shop/b']);
});

test('a server that ignores the WatchList options is given up after the silence and read by pages', async () => {
  const clock = new MovableClock();
  const legacy = openWatch([added('a', 1)]);
  server.script(legacy.step, page(['a', 'b'], 5), watch([]));
  const seen = Promise.withResolvers<void>();
  const reflector = start({
    clock,
    silenceMs: 30_000,
    project: () => {
      seen.resolve();
      return 1;
    },
  });
  await seen.promise;
  clock.advance(30_000);
  await clock.timersSet(1);
  clock.advance(1_000);
  await reflector.synced;
  assert.deepEqual(sink.calls, ['replace 2']);
});

const notFound = refusal(404, 'NotFound');
const withoutKind = json(200, { kind: 'APIResourceList', resources: [{ name: 'pods' }] });
const withKind = json(200, { kind: 'APIResourceList', resources: [{ name: 'configmaps' }] });

test('a kind that is not served counts as synced and empty, and is picked up once it is served', async () => {
  server.script(notFound, withoutKind, notFound, notFound, watch([added('a', 1), initialEnd(5)]));
  const served: boolean[] = [];
  const reflector = start({ onServed: (is) => served.push(is) });
  await reflector.synced;
  assert.deepEqual(served, [false]);
  assert.deepEqual(sink.calls, ['replace 0']);
  assert.equal(reflector.status().phase, 'absent');
  await sink.until(() => sink.values.has('shop/a'));
  assert.equal(reflector.status().phase, 'live');
  assert.deepEqual(served, [false, true]);
  const told = lines.filter(({ message }) => message.startsWith('resource is not served'));
  assert.equal(told.length, 1);
});

test('a whole group that is not served is absent too', async () => {
  server.script(notFound, notFound);
  const reflector = start();
  await reflector.synced;
  assert.equal(reflector.status().phase, 'absent');
});

test('a 404 that discovery does not confirm changes nothing', async () => {
  server.script(watch([added('a', 1), initialEnd(5)], 'close'), notFound, withKind, watch([added('b', 6)]));
  start();
  await sink.until(() => sink.values.has('shop/b'));
  assert.deepEqual(sink.calls, ['replace 1', 'set shop/b']);
});

test('discovery that fails is no confirmation', async () => {
  server.script(
    watch([added('a', 1), initialEnd(5)], 'close'),
    notFound,
    refusal(403, 'Forbidden'),
    watch([added('b', 6)]),
  );
  start();
  await sink.until(() => sink.values.has('shop/b'));
  assert.deepEqual(sink.calls, ['replace 1', 'set shop/b']);
});

test('a kind that is removed leaves an empty sink, and comes back when it does', async () => {
  server.script(
    watch([added('a', 1), initialEnd(5)], 'close'),
    notFound,
    withoutKind,
    notFound,
    watch([added('b', 9), initialEnd(9)]),
  );
  start();
  await sink.until(() => sink.values.has('shop/b'));
  assert.deepEqual(sink.calls, ['replace 1', 'replace 0', 'replace 1']);
});
