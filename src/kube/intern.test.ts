import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Interner } from './intern.ts';

test('values keep their content', () => {
  const interner = new Interner();
  const value = { a: 'x', list: ['x', { b: 'y', n: 1, none: null, on: true }], long: 'z'.repeat(1000) };
  const copy = structuredClone(value);
  assert.deepEqual(interner.value(value), copy);
  assert.equal(interner.value('text'), 'text');
  assert.equal(interner.value(5), 5);
  assert.equal(interner.value(undefined), undefined);
});

test('values keep their content however crowded the table is', () => {
  const interner = new Interner(2);
  for (let index = 0; index < 1000; index++) {
    const value = { unique: `only here ${index}`, repeated: 'everywhere', tail: `${index} same ending` };
    assert.deepEqual(interner.value(structuredClone(value)), value);
  }
});

test('bytes are read as what they say, whatever is known already', () => {
  const interner = new Interner(2);
  const texts = [
    'a',
    'b',
    '',
    'größe',
    'grö\u00dfe',
    'ÿ',
    '\u0000',
    '😀',
    'x'.repeat(300),
    'a',
    'größe',
    'ÿ',
  ];
  for (let round = 0; round < 3; round++) {
    for (const text of texts) {
      const data = Buffer.from(`..${text}..`);
      assert.equal(interner.bytes(data, 2, data.length - 2), text);
      assert.equal(interner.string(text), text);
    }
  }
});

test('frozen parts are left alone', () => {
  const interner = new Interner();
  const value = { inner: Object.freeze({ a: 'x' }), b: 'y' };
  assert.deepEqual(interner.value(value), { inner: { a: 'x' }, b: 'y' });
});

/** Bytes in use after a full collection. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

// Whether two equal strings are one cannot be seen from JavaScript, but the memory they take can.
test('repeated strings take the place of one, among unique ones too', () => {
  const label = 'x'.repeat(100);
  const parsed = (index: number): { readonly label: string; readonly name: string } =>
    JSON.parse(JSON.stringify({ label: `${label}${index % 50}`, name: `pod-${index}` }));
  const interner = new Interner();
  const before = heapInUse();
  const kept = Array.from({ length: 20_000 }, (_, index) => interner.value(parsed(index)));
  const bytesEach = (heapInUse() - before) / kept.length;
  assert.ok(bytesEach < 120, `${bytesEach} bytes each; the label alone has 102`);
});
