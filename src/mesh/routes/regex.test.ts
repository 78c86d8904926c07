import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regexProblem } from './regex.ts';

test('expressions of RE2 pass, also where JavaScript writes them otherwise', () => {
  for (const expression of [
    '/v[0-9]+/.*',
    '^a|b$',
    '(?i)abc',
    '(?P<name>x)y',
    '\\pN+',
    '\\Aab\\z',
    '[[:alpha:]]+',
    'a{2,3}',
  ]) {
    assert.equal(regexProblem(expression), undefined, expression);
  }
});

test('what RE2 refuses is refused', () => {
  for (const expression of ['(a', '[a', 'a(?=b)', 'a(?!b)', '(?<=a)b', '(a)\\1', '*a', 'x'.repeat(2000)]) {
    assert.notEqual(regexProblem(expression), undefined, expression);
  }
});
