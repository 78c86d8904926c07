import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNdjson } from './ndjson.ts';

async function* chunks(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === 'string' ? new TextEncoder().encode(text) : text;
}

async function all<T>(values: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

test('a value that comes in pieces is one value', async () => {
  assert.deepEqual(await all(readNdjson(chunks('{"a":', '1}\n{"a"', ':2}\n'))), [{ a: 1 }, { a: 2 }]);
});

test('a character whose bytes come in two chunks stays whole', async () => {
  const bytes = new TextEncoder().encode('"ü"\n');
  assert.deepEqual(await all(readNdjson(chunks(bytes.slice(0, 2), bytes.slice(2)))), ['ü']);
});

test('empty lines keep a stream alive and mean nothing', async () => {
  assert.deepEqual(await all(readNdjson(chunks('\n\n1\n', '\n2'))), [1, 2]);
});

test('a line that is not JSON ends the stream with an error', async () => {
  await assert.rejects(all(readNdjson(chunks('1\n<html>\n'))), SyntaxError);
});

test('a line without end is refused before it fills the memory', async () => {
  const endless = 'x'.repeat(3 * 1024 * 1024);
  await assert.rejects(all(readNdjson(chunks(endless, endless))), /no end/);
});
