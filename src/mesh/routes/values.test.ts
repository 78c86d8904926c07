import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHost, checkLine, checkPath, checkToken, checkWhole } from './values.ts';

test('what is good is given back as it is', () => {
  assert.equal(checkToken("X-a!#$%&'*+.^_`|~", 'f'), "X-a!#$%&'*+.^_`|~");
  assert.equal(checkHost('a.example.com', 'f'), 'a.example.com');
  assert.equal(checkLine('a\tb %REQ(x)%', 'f'), 'a\tb %REQ(x)%');
  assert.equal(checkPath('/a/b%20c', 'f'), '/a/b%20c');
  for (const value of [0, 7, 4_294_967_295]) assert.equal(checkWhole(value, 'f'), value);
});

test('a name is a token', () => {
  for (const text of ['', ' ', 'a b', 'a:b', ':path', 'ü', 'a\n', 'a\0', 'a=b', 'a;b', 'a"']) {
    assert.throws(() => checkToken(text, 'spec.x'), /^RouteProblem: spec\.x: .* cannot be a name here$/);
  }
});

test('one host is meant, not many', () => {
  for (const text of ['*.example.com', '', 'a.example.com:80']) {
    assert.throws(() => checkHost(text, 'f'), /is not a hostname/);
  }
});

test('a line has no breaks', () => {
  for (const text of ['a\nb', 'a\rb', 'a\0b'])
    assert.throws(() => checkLine(text, 'f'), /line break or a NUL/);
});

test('a path begins with a slash and ends before its query', () => {
  for (const text of ['', 'a', '/a?b', '/a#b'])
    assert.throws(() => checkPath(text, 'f'), /begin with a slash/);
  assert.throws(() => checkPath('/a\nb', 'f'), /line break/);
});

test('a whole number fits where it is to be written', () => {
  for (const value of [-1, 4_294_967_296, 0.5, Number.NaN]) {
    assert.throws(() => checkWhole(value, 'f'), /is not between 0 and 4294967295/);
  }
  assert.throws(() => checkWhole(0, 'f', { least: 1, most: 10 }), /0 is not between 1 and 10/);
});
