import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import { configMaps } from './resources.ts';
import {
  added,
  bookmark,
  collectingLog,
  deleted,
  drop,
  FaultServer,
  initialEnd,
  json,
  type LoggedLine,
  modified,
  openWatch,
  refusal,
  type TestObject,
  TestSink,
  watch,
  watchError,
} from './testing.ts';

let server: FaultServer;
let sink: TestSink<string>;
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

const project = (object: TestObject): string => object.data?.value ?? '';

function start(options: Partial<ReflectorOptions<TestObject, string>> = {}): Reflector<TestObject, string> {
  const collected = collectingLog();
  lines = collected.lines;
  const reflector = new Reflector<TestObject, string>({
    api: server.api(),
    type: configMaps,
    project,
    sink,
    log: collected.log,
    backoff: { initialMs: 1, maxMs: 4 },
    absentBackoff: { initialMs: 1, maxMs: 4 },
    ...options,
  });
  running = reflector.run(stop.signal);
  return reflector;
}

const value = (text: string) => ({ data: { value: text } });
const resumedFrom = (index: number): string | null | undefined =>
  server.requests[index]?.query.get('resourceVersion');

test('initial events are gathered and delivered at once, later ones one by one', async () => {
  server.script(
    watch([
      added('a', 1, value('one')),
      added('b', 2, value('two')),
      initialEnd(5),
      modified('a', 6, value('changed')),
      deleted('b', 7),
      added('c', 8, value('three')),
    ]),
  );
  const reflector = start();
  await reflector.synced;
  await sink.until(() => sink.values.has('shop/c'));
  assert.deepEqual(sink.calls, ['replace 2', 'set shop/a', 'delete shop/b', 'set shop/c']);
  assert.deepEqual(
    [...sink.values],
    [
      ['shop/a', 'changed'],
      ['shop/c', 'three'],
    ],
  );
  const query = server.requests[0]?.query;
  assert.equal(query?.get('sendInitialEvents'), 'true');
  assert.equal(query?.get('resourceVersionMatch'), 'NotOlderThan');
  assert.equal(query?.get('allowWatchBookmarks'), 'true');
  assert.deepEqual(reflector.status(), { resource: 'configmaps', phase: 'live', error: undefined });
});

test('namespace and selectors go into every request', async () => {
  server.script(watch([initialEnd(5)], 'close'));
  start({ namespace: 'shop', labelSelector: 'app=web', fieldSelector: 'metadata.name=a' });
  await server.received(2);
  for (const request of server.requests) {
    assert.equal(request.path, '/api/v1/namespaces/shop/configmaps');
    assert.equal(request.query.get('labelSelector'), 'app=web');
    assert.equal(request.query.get('fieldSelector'), 'metadata.name=a');
  }
});

test('a watch that the server closes is resumed from the last version, bookmarks included', async () => {
  server.script(
    watch([initialEnd(5), added('a', 6), bookmark(9)], 'close'),
    watch([added('b', 10)], 'drop'),
    watch([added('c', 11)]),
  );
  start();
  await sink.until(() => sink.values.has('shop/c'));
  assert.equal(resumedFrom(1), '9');
  assert.equal(resumedFrom(2), '10');
  assert.equal(server.requests[1]?.query.get('sendInitialEvents'), null);
  assert.deepEqual(sink.calls, ['replace 0', 'set shop/a', 'set shop/b', 'set shop/c']);
});

for (const [how, expired] of [
  ['as an event', watch([watchError(410, 'Expired')], 'close')],
  ['as an answer', refusal(410, 'Expired')],
] as const) {
  test(`an expired version (410 ${how}) is followed by a relist, and nothing is lost meanwhile`, async () => {
    const relist = openWatch([added('a', 8, value('new')), added('c', 9)]);
    server.script(
      watch([added('a', 1, value('one')), added('b', 2), initialEnd(5)], 'close'),
      expired,
      relist.step,
    );
    const seen = Promise.withResolvers<void>();
    start({
      project: (object) => {
        if (object.metadata.name === 'c') seen.resolve();
        return project(object);
      },
    });
    await seen.promise;
    assert.deepEqual(sink.calls, ['replace 2'], 'the old content stays until the new one is complete');
    assert.equal(resumedFrom(2), null);
    relist.write(initialEnd(9));
    await sink.until(() => sink.values.has('shop/c'));
    assert.deepEqual(
      [...sink.values],
      [
        ['shop/a', 'new'],
        ['shop/c', ''],
      ],
    );
  });
}

test('initial events that end early deliver nothing and are asked for again', async () => {
  server.script(
    watch([added('a', 1)], 'close'),
    watch([added('a', 1)], 'drop'),
    watch([added('a', 1), initialEnd(5)]),
  );
  await start().synced;
  assert.deepEqual(sink.calls, ['replace 1']);
});

for (const [name, step] of [
  ['500', refusal(500, 'InternalError')],
  ['429', refusal(429, 'TooManyRequests')],
  ['403', refusal(403, 'Forbidden')],
  ['an answer that is not of Kubernetes', json(502, '<html>')],
  ['a dropped connection', drop],
] as const) {
  test(`a list or watch survives ${name}`, async () => {
    server.script(step, watch([added('a', 1), initialEnd(5)], 'close'), step, step, watch([added('b', 6)]));
    const reflector = start();
    await sink.until(() => sink.values.has('shop/b'));
    assert.deepEqual(sink.calls, ['replace 1', 'set shop/b']);
    assert.equal(resumedFrom(4), '5');
    assert.equal(reflector.status().phase, 'live');
    assert.ok(lines.some(({ level, message }) => level === 'warn' && message === 'list or watch failed'));
    assert.ok(lines.some(({ level, message }) => level === 'info' && message === 'watch works again'));
  });
}

test('a failure that lasts is logged once, and its state can be seen', async () => {
  server.script(
    ...Array.from({ length: 6 }, () => refusal(403, 'Forbidden', { message: 'no watch for you' })),
  );
  const reflector = start();
  await server.received(7);
  assert.equal(lines.filter(({ level }) => level === 'warn').length, 1);
  assert.equal(reflector.status().phase, 'syncing');
  assert.match(reflector.status().error ?? '', /no watch for you/);
});

test('errors that come with the version lead to a relist after the third', async () => {
  server.script(
    watch([added('a', 1), initialEnd(5)], 'close'),
    ...Array.from({ length: 3 }, () => watch([watchError(504, 'Timeout')], 'close')),
    watch([added('b', 9), initialEnd(9)]),
  );
  start();
  await sink.until(() => sink.values.has('shop/b'));
  assert.deepEqual(sink.keys(), ['shop/b']);
  assert.equal(resumedFrom(3), '5');
  assert.equal(resumedFrom(4), null);
});

test('a garbage line is fetched again from before it, and passed over when it comes again', async () => {
  server.script(
    watch([initialEnd(5), added('a', 6), '{"type":"ADDED","obj', added('lost', 8)]),
    watch(['not json', added('b', 8), added('c', 9)]),
  );
  start();
  await sink.until(() => sink.values.has('shop/c'));
  assert.equal(resumedFrom(1), '6');
  assert.deepEqual(sink.keys(), ['shop/a', 'shop/b', 'shop/c']);
  assert.ok(lines.some(({ level }) => level === 'error'));
});

test('lines that are JSON but no events count as garbage', async () => {
  const strange = [
    'null',
    '[]',
    '"x"',
    '{}',
    '{"type":"ADDED"}',
    '{"type":"ADDED","object":{"metadata":{}}}',
  ];
  server.script(watch([initialEnd(5), strange[0] ?? '']), watch([...strange, added('a', 6)]));
  start();
  await sink.until(() => sink.values.has('shop/a'));
  assert.equal(server.requests.length, 2);
});

test('a projection that throws costs its own object only, and keeps the last good value', async () => {
  const picky = (object: TestObject): string => {
    if (object.data?.value === 'bad') throw new Error('cannot be read');
    return project(object);
  };
  server.script(
    watch(
      [
        added('a', 1, value('one')),
        added('b', 2, value('bad')),
        initialEnd(5),
        modified('a', 6, value('bad')),
        modified('a', 7, value('bad')),
        added('c', 8, value('three')),
      ],
      'close',
    ),
    refusal(410, 'Gone'),
    watch([added('a', 7, value('bad')), added('c', 8, value('three')), initialEnd(9)]),
  );
  start({ project: picky });
  await sink.until(() => sink.calls.filter((call) => call.startsWith('replace')).length === 2);
  assert.deepEqual(
    [...sink.values],
    [
      ['shop/a', 'one'],
      ['shop/c', 'three'],
    ],
  );
  const errors = lines.filter(({ level }) => level === 'error');
  assert.deepEqual(
    errors.map(({ fields }) => fields.key),
    ['shop/b', 'shop/a'],
    'once per key and message',
  );
});

test('an object that is projected to nothing is left out, and removed when it was there', async () => {
  const some = (object: TestObject): string | undefined =>
    object.data?.value === 'hide' ? undefined : project(object);
  server.script(
    watch([
      added('a', 1, value('one')),
      added('b', 2, value('hide')),
      initialEnd(5),
      modified('a', 6, value('hide')),
      added('end', 7),
    ]),
  );
  start({ project: some });
  await sink.until(() => sink.values.has('shop/end'));
  assert.deepEqual(sink.calls, ['replace 1', 'delete shop/a', 'set shop/end']);
});

test('silence ends a watch, which resumes where it was, though the clock was set back', async () => {
  const clock = new MovableClock();
  server.script(watch([added('a', 1), initialEnd(5)]), watch([added('b', 6)]));
  const reflector = start({ clock, silenceMs: 90_000 });
  await reflector.synced;
  clock.jump(-7_200_000);
  clock.advance(89_999);
  assert.equal(reflector.status().phase, 'live');
  clock.advance(1);
  // Now it waits for its backoff, on the same clock.
  await clock.timersSet(1);
  assert.equal(reflector.status().phase, 'retrying');
  clock.advance(1_000);
  await sink.until(() => sink.values.has('shop/b'));
  assert.equal(resumedFrom(1), '5');
});

test('bookmarks keep a quiet watch alive, though the clock is set forwards', async () => {
  const clock = new MovableClock();
  const quiet = openWatch([initialEnd(5)]);
  server.script(quiet.step);
  const reflector = start({ clock, silenceMs: 90_000 });
  await reflector.synced;
  for (let minute = 1; minute <= 5; minute++) {
    clock.jump(7_200_000);
    clock.advance(60_000);
    quiet.write(bookmark(5 + minute));
    quiet.write(added(`minute-${minute}`, 5 + minute));
    await sink.until(() => sink.values.has(`shop/minute-${minute}`));
  }
  assert.equal(server.requests.length, 1);
});

test('the signal ends a run in every state', async () => {
  server.script(watch([initialEnd(5)]));
  const reflector = start();
  await reflector.synced;
  stop.abort();
  await running;
  const waiting = new Reflector<TestObject, string>({
    api: server.api(),
    type: configMaps,
    project,
    sink,
    log: collectingLog().log,
  });
  const abort = new AbortController();
  server.script(refusal(403, 'Forbidden'));
  const run = waiting.run(abort.signal);
  await server.received(2);
  abort.abort();
  await run;
  assert.equal(server.requests.length, 2);
});
