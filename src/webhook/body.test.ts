import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseBody } from './body.ts';

const owned = [{ manager: 'kubectl', fieldsV1: { 'f:spec': { 'k:{"name":"a]\\"}': { 'v:[1]': {} } } } }, []];

suite('The body of a review', () => {
  test('is read without who owns its fields, whatever stands in there', () => {
    for (const managedFields of [owned, [], [[['"', '\\', '\\"]']]]]) {
      const value = { a: [1], metadata: { name: 'x', managedFields }, spec: { b: ['managedFields'] } };
      assert.deepEqual(parseBody(JSON.stringify(value)), {
        ...value,
        metadata: { name: 'x', managedFields: [] },
      });
    }
  });

  test('is read whole where the words only look like it', () => {
    const text = '"managedFields":["a"]';
    for (const value of [
      { annotation: text },
      { [text]: 1 },
      { '"managedFields': ['kept'] },
      { '\\"managedFields': ['kept'] },
      { managedFields: 'a text' },
      { managedFields: { a: ['b'] } },
      ['managedFields', ['a']],
    ]) {
      assert.deepEqual(parseBody(JSON.stringify(value)), value);
    }
  });

  test('has to be JSON', () => {
    for (const text of [
      '',
      '{',
      '{"managedFields":[',
      '{"managedFields":["',
      '{"managedFields":[]',
      '"managedFields":[]',
    ]) {
      assert.throws(() => parseBody(text), SyntaxError);
    }
  });
});
