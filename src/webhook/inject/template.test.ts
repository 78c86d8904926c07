import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, mark, splitAtMarks } from './template.ts';

const parts = splitAtMarks(
  JSON.stringify({
    value: mark('value'),
    text: `before ${mark('value')} after`,
    first: [mark('elements')],
    last: ['a', mark('elements')],
    none: [mark('nothing')],
    afterOne: ['a', mark('nothing')],
  }),
);

test('A mark becomes a value, a part of a text, or elements of a list', () => {
  assert.deepEqual(JSON.parse(fill(parts, { value: '7', elements: '1,{"b":2}', nothing: '' })), {
    value: 7,
    text: 'before 7 after',
    first: [1, { b: 2 }],
    last: ['a', 1, { b: 2 }],
    none: [],
    afterOne: ['a'],
  });
});

test('What is filled in is never looked at for marks', () => {
  const own = JSON.stringify(mark('a'));
  const filled = fill(splitAtMarks(JSON.stringify([mark('a'), mark('b')])), { a: own, b: own });
  assert.deepEqual(JSON.parse(filled), [mark('a'), mark('a')]);
});

test('Without marks there is one part, the whole', () => {
  assert.equal(fill(splitAtMarks('{"a":"b"}'), {}), '{"a":"b"}');
});
