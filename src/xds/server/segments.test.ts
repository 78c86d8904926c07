import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PiecePool } from './piece-pool.ts';
import { SegmentCache, type SegmentEntry } from './segments.ts';

function entries(ids: readonly number[], version = 'v'): readonly SegmentEntry[] {
  return ids.map((id) => ({
    id,
    head: Buffer.from(`<${id}:`),
    resource: { name: String(id), version, body: Buffer.from(`${version}>`), needs: [] },
  }));
}

const none = new Uint8Array();
const cacheOf = (pieceBytes: number): SegmentCache => new SegmentCache(new PiecePool(pieceBytes));
/** Each is looked at when it is given, as its memory serves again. */
const copies = (pieces: Iterable<Buffer>): string => Array.from(pieces, (piece) => piece.toString()).join('');
const entryOf = (of: readonly SegmentEntry[]) => (index: number) => of[index] as SegmentEntry;

function text(of: readonly SegmentEntry[]): string {
  return of.map(({ head, resource }) => head.toString() + Buffer.from(resource.body).toString()).join('');
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe('pieces of a large response', () => {
  for (const [what, ids] of [
    ['whole blocks', range(0, 256)],
    ['blocks cut at both ends', range(50, 200)],
    ['scattered resources', range(0, 100).map((index) => index * 37)],
    ['blocks and scattered ones', [3, ...range(64, 128), 130, 200, ...range(256, 300)]],
    ['one', [5]],
    ['none', []],
  ] as const) {
    test(`are together the whole, of ${what}`, () => {
      const given = entries(ids);
      const pieces = cacheOf(100).pieces('cluster', none, given, entryOf(given));
      assert.equal(copies(pieces), text(given));
    });
  }

  test('are the same memory for the runs that two responses have in common', () => {
    const cache = cacheOf(1000);
    const all = entries(range(0, 192));
    const [first, second] = [all, all.filter(({ id }) => id !== 70)].map((of) => [
      ...cache.pieces('route', none, of, entryOf(of)),
    ]);
    const memory = (pieces: readonly Buffer[] | undefined, index: number) => pieces?.[index]?.buffer;
    assert.equal(memory(first, 0), memory(second, 0));
    assert.equal(memory(first, 2), memory(second, 2));
    assert.notEqual(memory(first, 1), memory(second, 1));
  });

  test('hold a large resource as it is, without a copy', () => {
    const [small, large, last] = [entries([1]), entries([70], 'long'.repeat(50)), entries([140])];
    const given = [...small, ...large, ...last];
    const pieces = [...cacheOf(100).pieces('route', none, given, entryOf(given))];
    assert.equal(copies(cacheOf(100).pieces('route', none, given, entryOf(given))), text(given));
    assert.equal(pieces[1]?.buffer, large[0]?.resource.body.buffer);
  });

  test('are made anew for a new version, and for each type', () => {
    const cache = cacheOf(1000);
    const [old, next] = [entries(range(0, 64), 'old'), entries(range(0, 64), 'new')];
    const [before] = [...cache.pieces('route', none, old, entryOf(old))];
    assert.equal([...cache.pieces('route', none, next, entryOf(next))][0]?.toString(), text(next));
    assert.equal([...cache.pieces('cluster', none, old, entryOf(old))][0]?.toString(), text(old));
    assert.equal(before?.toString(), text(old), 'what may still be on its way is not touched');
  });
});
