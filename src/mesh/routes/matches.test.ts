import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMatches } from './matches.ts';

test('a rule without matches, and a match without conditions, match everything', () => {
  const everything = [{ path: { type: 'PathPrefix', value: '/' }, headers: [], query: [] }];
  assert.deepEqual(readMatches(undefined, 'r'), everything);
  assert.deepEqual(readMatches([], 'r'), everything);
  assert.deepEqual(readMatches([{}], 'r'), everything);
});

test('a prefix loses its trailing slashes, an exact path keeps them', () => {
  const paths = (type: string, ...values: string[]) =>
    readMatches(
      values.map((value) => ({ path: { type, value } })),
      'r',
    ).map(({ path }) => path.value);
  assert.deepEqual(paths('PathPrefix', '/v2/', '/v2', '/', '//'), ['/v2', '/v2', '/', '/']);
  assert.deepEqual(paths('Exact', '/v2/', '/'), ['/v2/', '/']);
});

test('header names are lower case, parameter names are as written, and the first of two counts', () => {
  const [match] = readMatches(
    [
      {
        method: 'GET',
        headers: [
          { name: 'X-Color', value: 'red' },
          { name: 'x-color', value: 'blue' },
          { type: 'RegularExpression', name: 'Y', value: 'a+' },
        ],
        queryParams: [
          { name: 'Q', value: '1' },
          { name: 'q', value: '2' },
          { name: 'Q', value: '3' },
        ],
      },
    ],
    'r',
  );
  assert.deepEqual(match, {
    path: { type: 'PathPrefix', value: '/' },
    method: 'GET',
    headers: [
      { name: 'x-color', type: 'Exact', value: 'red' },
      { name: 'y', type: 'RegularExpression', value: 'a+' },
    ],
    query: [
      { name: 'Q', type: 'Exact', value: '1' },
      { name: 'q', type: 'Exact', value: '2' },
    ],
  });
});

test('what cannot be matched is refused with its field', () => {
  const at = 'spec.rules[2]';
  assert.throws(() => readMatches([{}, { path: { type: 'Glob', value: '*' } }], at), {
    message: 'spec.rules[2].matches[1].path.type: Glob is not supported',
    reason: 'UnsupportedValue',
  });
  assert.throws(
    () => readMatches([{ path: { type: 'RegularExpression', value: '(' } }], at),
    /^RouteProblem: spec\.rules\[2\]\.matches\[0\]\.path\.value: not a regular expression of RE2/,
  );
  assert.throws(
    () => readMatches([{ headers: [{ type: 'RegularExpression', name: 'a', value: '(?=x)' }] }], at),
    /spec\.rules\[2\]\.matches\[0\]\.headers\[0\]\.value: not a regular expression/,
  );
  assert.throws(
    () => readMatches([{ path: { type: 'RegularExpression', value: '' } }], at),
    /path\.value: an expression is missing/,
  );
  assert.throws(
    () => readMatches([{ queryParams: [{ type: 'Prefix', name: 'a', value: 'x' }] }], at),
    /queryParams\[0\]\.type: Prefix is not supported/,
  );
});
