import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bySpecificity, coveringHostnames, covers, intersection } from './hostnames.ts';

test('a wildcard covers every depth below it, and not what it stands on', () => {
  assert.ok(covers('*.example.com', 'a.example.com'));
  assert.ok(covers('*.example.com', 'a.b.example.com'));
  assert.ok(covers('*.example.com', '*.b.example.com'));
  assert.ok(covers('*.example.com', '*.example.com'));
  assert.ok(!covers('*.example.com', 'example.com'));
  assert.ok(!covers('*.example.com', 'badexample.com'));
  assert.ok(!covers('*.b.example.com', '*.example.com'));
  assert.ok(!covers('*.example.com', '*'));
});

test('an exact hostname covers itself alone, any covers all', () => {
  assert.ok(covers('a.example.com', 'a.example.com'));
  assert.ok(!covers('a.example.com', '*.example.com'));
  assert.ok(!covers('a.example.com', 'b.example.com'));
  for (const hostname of ['*', '*.a', 'a']) assert.ok(covers('*', hostname));
});

test('two hostnames have in common the narrower one, whichever side it is on', () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ['very.specific.com', '*.specific.com', 'very.specific.com'],
    ['*.wildcard.io', 'foo.bar.wildcard.io', 'foo.bar.wildcard.io'],
    ['*.wildcard.io', '*.foo.wildcard.io', '*.foo.wildcard.io'],
    ['*', '*.a.b', '*.a.b'],
    ['*', '*', '*'],
    ['*.wildcard.io', 'wildcard.io', undefined],
    ['*.a.io', '*.b.io', undefined],
    ['a.io', 'b.io', undefined],
  ];
  for (const [one, other, expected] of cases) {
    assert.equal(intersection(one, other), expected, `${one} and ${other}`);
    assert.equal(intersection(other, one), expected, `${other} and ${one}`);
  }
});

test('what covers a hostname is listed from the most specific on, and is all that covers it', () => {
  assert.deepEqual(coveringHostnames('a.b.c'), ['a.b.c', '*.b.c', '*.c', '*']);
  assert.deepEqual(coveringHostnames('*.b.c'), ['*.b.c', '*.c', '*']);
  assert.deepEqual(coveringHostnames('a'), ['a', '*']);
  assert.deepEqual(coveringHostnames('*'), ['*']);
  for (const wide of coveringHostnames('a.b.c')) assert.ok(covers(wide, 'a.b.c'));
});

test('exact goes before wildcard, longer before shorter, any comes last', () => {
  const inOrder = ['a.example.com', 'a.com', '*.long.example.com', '*.com', '*'];
  assert.deepEqual([...inOrder].reverse().sort(bySpecificity), inOrder);
});
