import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullPathRewrite, pathRewrite, prefixRewrite } from './rewrites.ts';

const prefix = (value: string) => ({ type: 'PathPrefix', value }) as const;

/** What Envoy makes of a path, by its documented rules for both kinds of rewrite. */
function apply(matched: string, replacement: string, path: string): string {
  const rewrite = prefixRewrite(prefix(matched), replacement);
  if ('prefixRewrite' in rewrite) return rewrite.prefixRewrite + path.slice(matched.length);
  assert.ok('regexRewrite' in rewrite && rewrite.regexRewrite.pattern !== undefined);
  const { pattern, substitution = '' } = rewrite.regexRewrite;
  return path.replaceAll(new RegExp(pattern.regex ?? '', 'g'), substitution.replaceAll(/\\(\d)/g, '$$$1'));
}

const cases = [
  ['/foo', '/xyz', '/foo/bar', '/xyz/bar'],
  ['/foo', '/xyz/', '/foo/bar', '/xyz/bar'],
  ['/foo', '/xyz', '/foo', '/xyz'],
  ['/foo', '/xyz', '/foo/', '/xyz/'],
  ['/foo', '/', '/foo/bar', '/bar'],
  ['/foo', '/', '/foo/', '/'],
  ['/foo', '/', '/foo', '/'],
  ['/foo', '', '/foo/bar', '/bar'],
  ['/', '/base', '/', '/base/'],
  ['/', '/base', '/x', '/base/x'],
  ['/', '/', '/x', '/x'],
  ['/a.b', '/', '/a.b/c', '/c'],
] as const;

for (const [matched, replacement, path, expected] of cases) {
  test(`prefix ${matched} replaced by ${JSON.stringify(replacement)} makes ${path} to ${expected}`, () => {
    assert.equal(apply(matched, replacement, path), expected);
  });
}

test('a dot in a prefix is a dot in the expression that strips it', () => {
  const rewrite = prefixRewrite(prefix('/a.b'), '/');
  assert.deepEqual(rewrite, { regexRewrite: { pattern: { regex: '^/a\\.b/?' }, substitution: '/' } });
});

test('a prefix rewrite of a match that is no prefix changes nothing', () => {
  assert.deepEqual(prefixRewrite({ type: 'Exact', value: '/a' }, '/b'), {});
});

test('a whole path is replaced literally, backslashes included', () => {
  assert.deepEqual(fullPathRewrite('/a\\1'), { pattern: { regex: '^/.*$' }, substitution: '/a\\\\1' });
});

test('without a rewrite the path stays', () => {
  assert.deepEqual(pathRewrite(prefix('/'), undefined), {});
});
