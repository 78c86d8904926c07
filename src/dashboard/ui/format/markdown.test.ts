import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBlocks, parseSpans } from './markdown.ts';

test('headings, paragraphs, lists and code are told apart', () => {
  const source = '# Title\n\nOne\nline.\n\nTry:\n- a\n  more\n- b\n\n```\ncode\n\n- no list\n```\nEnd.';
  assert.deepEqual(parseBlocks(source), [
    { kind: 'heading', text: 'Title' },
    { kind: 'paragraph', text: 'One line.' },
    { kind: 'paragraph', text: 'Try:' },
    { kind: 'list', items: ['a more', 'b'] },
    { kind: 'code', text: 'code\n\n- no list' },
    { kind: 'paragraph', text: 'End.' },
  ]);
});

test('code that nobody closed goes on to the end', () => {
  assert.deepEqual(parseBlocks('```\na\nb'), [{ kind: 'code', text: 'a\nb' }]);
});

test('markup of other languages stays text', () => {
  assert.deepEqual(parseSpans('<img src=x onerror=alert(1)>'), [
    { kind: 'text', text: '<img src=x onerror=alert(1)>' },
  ]);
});

test('code and strong words are found, links keep their words', () => {
  assert.deepEqual(parseSpans('see `a` and **b** in [the docs](x.md)'), [
    { kind: 'text', text: 'see ' },
    { kind: 'code', text: 'a' },
    { kind: 'text', text: ' and ' },
    { kind: 'strong', text: 'b' },
    { kind: 'text', text: ' in the docs' },
  ]);
});
