import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EncodedResource, ResourceKind } from '../resource.ts';
import { PiecePool } from './piece-pool.ts';
import { joined, type ResponseParts, SegmentCache } from './segments.ts';
import { ResourceHead } from './wire.ts';

const typeUrls = { cluster: 't/c', route: 't/r' } as const;

/** Responses share what they have in common. */
const made = new Map<string, EncodedResource>();

function resourceOf(id: number, version: string): EncodedResource {
  const key = `${id} ${version}`;
  const resource = made.get(key) ?? {
    name: String(id),
    version,
    body: Buffer.from(`${version}>`),
    needs: [],
  };
  made.set(key, resource);
  return resource;
}

function response(
  ids: readonly number[],
  version = 'v',
  kind: keyof typeof typeUrls & ResourceKind = 'cluster',
  prefix = 'prefix',
): ResponseParts {
  const entries = ids.map((id) => {
    const resource = resourceOf(id, version);
    return { resource, head: new ResourceHead(typeUrls[kind], String(id), version, resource.body.length) };
  });
  return {
    kind,
    prefix: Buffer.from(prefix),
    ids: ids.map((id) => ({ id })),
    entry: (index) => entries[index]!,
  };
}

function whole({ prefix, ids, entry }: ResponseParts): string {
  return joined(
    prefix,
    ids.map((_, index) => entry(index)),
  ).toString();
}

const cacheOf = (pieceBytes: number): SegmentCache => new SegmentCache(new PiecePool(pieceBytes));
/** Each is looked at when it is given, as its memory serves again. */
const written = (pieces: Iterable<Buffer>): string[] => Array.from(pieces, (piece) => piece.toString());

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe('pieces of a response', () => {
  for (const [what, of] of [
    ['whole blocks', response(range(0, 256))],
    ['blocks cut at both ends', response(range(50, 200))],
    ['scattered resources', response(range(0, 100).map((index) => index * 37))],
    ['blocks and scattered ones', response([3, ...range(64, 128), 130, 200, ...range(256, 300)])],
    ['resources larger than a piece', response([1, 70, 140], 'long'.repeat(100))],
    ['one', response([5])],
    ['none', response([])],
    ['a prefix of several pieces', response([5], 'v', 'cluster', 'prefix'.repeat(100))],
  ] as const) {
    for (const pieceBytes of [10, 100, 1000]) {
      test(`are together the whole, of ${what}, ${pieceBytes} bytes each at most`, () => {
        const pieces = written(cacheOf(pieceBytes).pieces(of));
        assert.equal(pieces.join(''), whole(of));
        assert.ok(pieces.every(({ length }) => length > 0 && length <= pieceBytes));
      });
    }
  }

  test('are the same memory for the runs that two responses have in common', () => {
    const cache = cacheOf(4000);
    const [first, second] = [range(0, 192), range(0, 192).filter((id) => id !== 70)].map((ids) =>
      Array.from(cache.pieces(response(ids)), ({ buffer }) => buffer),
    );
    assert.equal(first?.length, 4, 'the prefix and three blocks');
    assert.equal(first?.[1], second?.[1]);
    assert.notEqual(first?.[2], second?.[2]);
    assert.equal(first?.[3], second?.[3]);
  });

  test('are made anew for a new version, and for each type', () => {
    const cache = cacheOf(10_000);
    const old = response(range(0, 64), 'old', 'route');
    const [, before] = [...cache.pieces(old)];
    for (const other of [response(range(0, 64), 'new', 'route'), response(range(0, 64), 'old')]) {
      assert.equal(written(cache.pieces(other)).join(''), whole(other));
    }
    assert.ok(whole(old).endsWith(before?.toString() ?? '-'), 'what may still be on its way is not touched');
  });
});
