import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regexProblem } from './regex.ts';

const taken: readonly string[] = [
  '/v[0-9]+/.*',
  '^a|b$',
  '',
  '|',
  '()',
  '(?i)abc',
  '(?i:a)(?-s).',
  '(?P<name>x)(?<other>y)',
  '\\pN+\\p{Greek}\\P{^Lu}',
  '\\Aab\\z\\b\\B',
  '\\Qa(*\\E+',
  '\\x41\\x{7f}\\n\\.\\_\\-',
  '[[:alpha:]-]+',
  '[]a][^]a]',
  '[\\w-z][a-c-e][-a][a-]',
  '[\\x00-\\x{1f}]',
  'a{2,3}b{2,}c{2}d*?e+?f??',
  'a{,3}{x}',
  '((a{10}){10}){10}',
  'a{1000}',
  'é€',
];

test('expressions of RE2 pass, also where JavaScript writes them otherwise', () => {
  for (const expression of taken) assert.equal(regexProblem(expression), undefined, expression);
});

const refused: readonly (readonly [expression: string, problem: RegExp])[] = [
  ['(a', /not closed/],
  ['a)', /was not opened/],
  ['[a', /bracket is not closed/],
  ['[^]', /bracket is not closed/],
  ['a(?=b)', /no group of this sort/],
  ['a(?!b)', /no group of this sort/],
  ['(?<=a)b', /no group of this sort/],
  ['(?>a)', /no group of this sort/],
  ['(?x)a', /no group of this sort/],
  ['(a)\\1', /does not know \\1/],
  ['\\q', /does not know \\q/],
  ['\\u0041', /does not know \\u/],
  ['\\x{263a}', /does not know \\x/],
  ['\\p{Klingon}', /does not know \\p/],
  ['[a-\\d]', /does not know \\d/],
  ['[[:foo:]]', /does not know \[:/],
  ['[z-a]', /runs backwards/],
  ['*a', /before a repetition/],
  ['a|+', /before a repetition/],
  ['({2})', /before a repetition/],
  ['(?i)*', /before a repetition/],
  ['a**', /follows another/],
  ['a{2}{3}', /follows another/],
  ['a*+', /follows another/],
  ['a{2,1}', /less at most than at least/],
  ['a{1001}', /more than 1000 times/],
  ['((a{11}){10}){10}', /more than 1000 times/],
  [`(${'a'.repeat(500)}){1000}`, /too large/],
  [`${'('.repeat(101)}${')'.repeat(101)}`, /nested deeper/],
  ['x'.repeat(2000), /longer than 1024/],
  ['\\', /does not know/],
];

for (const [expression, problem] of refused) {
  test(`${expression.slice(0, 24)} is refused`, () => {
    assert.match(regexProblem(expression) ?? 'nothing', problem);
  });
}
