import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameSplitter, LineSplitter } from './splitters.ts';

/** Cuts bytes into chunks of every size up to `most`, in turn. */
function* chunksOf(data: Buffer, most: number): Generator<Buffer> {
  let size = 1;
  for (let at = 0; at < data.length; at += size) {
    size = (size % most) + 1;
    yield data.subarray(at, at + size);
  }
}

test('lines come out whole however the stream is cut, also within a character', () => {
  const lines = ['{"a":"ü€😀"}', 'x'.repeat(300), '日本語', 'last'];
  const stream = Buffer.from(`${lines.join('\n')}\n`);
  for (let most = 1; most <= 40; most++) {
    const splitter = new LineSplitter();
    const found = [...chunksOf(stream, most)].flatMap((chunk) => [...splitter.push(chunk)]);
    assert.deepEqual(found, lines);
  }
});

test('an unfinished last line and empty lines are not delivered', () => {
  const splitter = new LineSplitter();
  assert.deepEqual([...splitter.push(Buffer.from('\n\none\n\ntwo'))], ['one']);
  assert.deepEqual([...splitter.push(Buffer.from('\n'))], ['two']);
});

test('a line of many megabytes is delivered, an endless one throws', () => {
  const splitter = new LineSplitter();
  const part = Buffer.alloc(1024 * 1024, 'x');
  for (let megabytes = 0; megabytes < 20; megabytes++) assert.deepEqual([...splitter.push(part)], []);
  const [line] = splitter.push(Buffer.from('\n'));
  assert.equal(line?.length, 20 * 1024 * 1024);
  assert.throws(() => {
    for (let megabytes = 0; megabytes < 40; megabytes++) splitter.push(part).next();
  }, /a line is longer than/);
});

function frame(payload: Buffer): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(payload.length);
  return Buffer.concat([prefix, payload]);
}

test('frames come out whole however the stream is cut, also within the length', () => {
  const payloads = [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(700, 7), Buffer.from([0, 0, 0, 9])];
  const stream = Buffer.concat(payloads.map(frame));
  for (let most = 1; most <= 40; most++) {
    const splitter = new FrameSplitter();
    const found = [...chunksOf(stream, most)].flatMap((chunk) =>
      [...splitter.push(chunk)].map((payload) => payload.toString('hex')),
    );
    assert.deepEqual(
      found,
      payloads.map((payload) => payload.toString('hex')),
    );
  }
});

test('a frame that claims an impossible length throws instead of waiting for it', () => {
  const splitter = new FrameSplitter();
  assert.throws(() => splitter.push(Buffer.from('HTTP/1.1 500')).next(), /a frame of \d+ bytes/);
});
