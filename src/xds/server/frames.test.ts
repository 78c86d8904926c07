import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameReader } from './frames.ts';

function frame(text: string): Buffer {
  const bytes = Buffer.alloc(5 + text.length);
  bytes.writeUInt32BE(text.length, 1);
  bytes.write(text, 5);
  return bytes;
}

describe('length-prefixed messages', () => {
  test('come out whole, wherever the bytes are cut', () => {
    const texts = ['first', '', 'a longer third message', 'x'];
    const all = Buffer.concat(texts.map(frame));
    for (let size = 1; size <= all.length; size++) {
      const reader = new FrameReader(100);
      const read: string[] = [];
      for (let at = 0; at < all.length; at += size) {
        for (const message of reader.read(all.subarray(at, at + size))) read.push(message.toString());
      }
      assert.deepEqual(read, texts, `cut every ${size} bytes`);
    }
  });

  test('may be as long as the limit, and not one byte longer', () => {
    assert.equal(new FrameReader(4).read(frame('four')).length, 1);
    assert.throws(() => new FrameReader(4).read(frame('five!')), { code: 'WEFT-XDS-07' });
  });

  test('are refused when compressed', () => {
    const compressed = frame('x');
    compressed[0] = 1;
    assert.throws(() => new FrameReader(100).read(compressed), { code: 'WEFT-XDS-06' });
  });
});
