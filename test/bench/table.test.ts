import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BenchCase, cases, chooseCases } from './cases.ts';
import { format, table, verdict } from './table.ts';

const benchCase: BenchCase = {
  name: 'push',
  about: '',
  load: () => Promise.reject(new Error('not run')),
  metrics: {
    medianMs: { limit: 60, side: 'at most' },
    perSecond: { limit: 4000, side: 'at least' },
    seen: undefined,
  },
};

test('a row says the value, the budget and whether it is kept', () => {
  const text = table([{ benchCase, figures: { medianMs: 61.234, perSecond: 5123.7, seen: 0.01234 } }]);
  assert.deepEqual(
    text.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['case', 'metric', 'value', 'budget'],
      ['push', 'medianMs', '61.2', '<= 60', 'OVER'],
      ['push', 'perSecond', '5,124', '>= 4,000', 'ok'],
      ['push', 'seen', '0.0123', '-'],
    ],
  );
});

test('the columns stand below each other', () => {
  const lines = table([{ benchCase, figures: { medianMs: 1, perSecond: 2, seen: 3 } }]).split('\n');
  assert.equal(new Set(lines.map((line) => line.search(/budget|<=|>=|-$/))).size, 1);
});

test('a budget is kept at its limit, and never by a figure that is missing', () => {
  assert.equal(verdict(60, { limit: 60, side: 'at most' }), 'ok');
  assert.equal(verdict(59, { limit: 60, side: 'at least' }), 'UNDER');
  assert.equal(verdict(Number.NaN, { limit: 60, side: 'at most' }), 'OVER');
  assert.equal(verdict(Number.NaN, { limit: 60, side: 'at least' }), 'UNDER');
});

test('figures have three digits, and thousands are whole', () => {
  assert.equal(format(0.123456), '0.123');
  assert.equal(format(99.96), '100');
  assert.equal(format(12345.6), '12,346');
  assert.equal(format(0), '0');
  assert.equal(format(Number.NaN), 'none');
});

test('cases are chosen by name, all where none is named, and an unknown name says which there are', () => {
  assert.deepEqual(chooseCases([]), cases);
  assert.deepEqual(
    chooseCases(['signing', 'admission']).map((one) => one.name),
    ['signing', 'admission'],
  );
  assert.throws(() => chooseCases(['signin']), /no case "signin"; cases: admission, signing/);
});
