/** The reflector and the encodings a server may answer in. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Pod } from './objects.ts';
import { Reflector } from './reflector.ts';
import { pods } from './resources.ts';
import { added, collectingLog, FaultServer, initialEnd, type Step, TestSink, watch } from './testing.ts';

let server: FaultServer;
let sink: TestSink<string>;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  server = await FaultServer.start();
  sink = new TestSink();
  stop = new AbortController();
  const reflector = new Reflector<Pod, string>({
    api: server.api(),
    type: pods,
    project: (pod) => `${pod.metadata.resourceVersion} on ${pod.spec?.nodeName ?? 'none'}`,
    sink,
    log: collectingLog().log,
    backoff: { initialMs: 1, maxMs: 4 },
  });
  running = reflector.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
  await server.close();
});

type Write = (writer: BinaryWriter) => unknown;

function part(writer: BinaryWriter, field: number, write: Write): BinaryWriter {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  return writer.join();
}

const text = (writer: BinaryWriter, field: number, value: string): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).string(value);

/** One frame: length, metav1.WatchEvent, magic, runtime.Unknown, and in it the object. */
function frame(type: string, object: Write): Buffer {
  const unknown = new BinaryWriter();
  part(unknown, 1, (meta) => text(text(meta, 1, 'v1'), 2, 'Pod'));
  part(unknown, 2, object);
  const raw = Buffer.concat([Buffer.from('k8s\0'), unknown.finish()]);
  const event = text(new BinaryWriter(), 1, type);
  part(event, 2, (extension) => extension.tag(1, WireType.LengthDelimited).bytes(raw));
  const payload = event.finish();
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(payload.length);
  return Buffer.concat([prefix, payload]);
}

const pod =
  (name: string, version: number, node: string): Write =>
  (writer) => {
    part(writer, 1, (metadata) => text(text(text(metadata, 1, name), 3, 'shop'), 6, String(version)));
    part(writer, 2, (spec) => text(spec, 10, node));
  };

const end =
  (version: number): Write =>
  (writer) =>
    part(writer, 1, (metadata) => {
      text(metadata, 6, String(version));
      part(metadata, 12, (entry) => text(text(entry, 1, 'k8s.io/initial-events-end'), 2, 'true'));
    });

const status =
  (code: number, reason: string): Write =>
  (writer) =>
    text(text(writer, 3, 'told'), 4, reason)
      .tag(6, WireType.Varint)
      .int32(code);

const protobuf =
  (...frames: readonly Buffer[]): Step =>
  (response) => {
    response.writeHead(200, { 'Content-Type': 'application/vnd.kubernetes.protobuf;stream=watch' });
    for (const each of frames) response.write(each);
  };

const accepted = (index: number): string | undefined => server.requests[index]?.headers.accept;

test('protobuf is asked for and read', async () => {
  server.script(
    protobuf(
      frame('ADDED', pod('a', 1, 'n1')),
      frame('ADDED', pod('b', 2, 'n1')),
      frame('BOOKMARK', end(5)),
      frame('MODIFIED', pod('a', 6, 'n2')),
      frame('DELETED', pod('b', 7, 'n1')),
    ),
  );
  await sink.until(() => sink.calls.at(-1) === 'delete shop/b');
  assert.deepEqual(sink.calls, ['replace 2', 'set shop/a', 'delete shop/b']);
  assert.equal(sink.values.get('shop/a'), '6 on n2');
  assert.equal(accepted(0), 'application/vnd.kubernetes.protobuf;stream=watch,application/json');
});

test('a server that answers in JSON all the same is understood', async () => {
  server.script(watch([added('a', 1, { spec: { nodeName: 'n1' } }), initialEnd(5)]));
  await sink.until(() => sink.calls.length > 0);
  assert.deepEqual([...sink.values], [['shop/a', '1 on n1']]);
});

test('an error within a protobuf watch is one', async () => {
  server.script(
    protobuf(frame('BOOKMARK', end(5)), frame('ERROR', status(410, 'Expired'))),
    protobuf(frame('ADDED', pod('a', 8, 'n1')), frame('BOOKMARK', end(9))),
  );
  await sink.until(() => sink.values.has('shop/a'));
  assert.deepEqual(sink.calls, ['replace 0', 'replace 1']);
});

for (const [what, broken] of [
  ['a frame that is no event', frame('ADDED', (writer) => text(writer, 1, 'no metadata'))],
  ['a frame of noise', Buffer.from([0, 0, 0, 5, 255, 255, 255, 255, 255])],
  ['text instead of frames', Buffer.from('<html>upstream connect error</html>')],
] as const) {
  test(`after ${what} the same is read as JSON`, async () => {
    server.script(
      protobuf(frame('BOOKMARK', end(5)), frame('ADDED', pod('a', 6, 'n1')), broken),
      watch([added('b', 7)]),
    );
    await sink.until(() => sink.values.has('shop/b'));
    assert.equal(server.requests[1]?.query.get('resourceVersion'), '6');
    assert.equal(accepted(1), 'application/json');
  });
}
