import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HTTPFilter } from '../kubernetes.ts';
import type { PathMatch } from '../model.ts';
import { readBackendFilters, readFilters } from './filters.ts';

const prefix: readonly PathMatch[] = [{ type: 'PathPrefix', value: '/a' }];
const exact: readonly PathMatch[] = [
  { type: 'PathPrefix', value: '/a' },
  { type: 'Exact', value: '/b' },
];

const read = (...filters: readonly HTTPFilter[]) => readFilters(filters, prefix, 'r');

test('no filters change nothing', () => {
  assert.deepEqual(readFilters(undefined, prefix, 'r'), { mirrors: [] });
});

test('header changes have names in lower case and all three lists', () => {
  const requestHeaderModifier = { set: [{ name: 'X-A', value: '1' }], add: [{ name: 'X-B', value: '2' }] };
  assert.deepEqual(
    read(
      { type: 'RequestHeaderModifier', requestHeaderModifier },
      { type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['X-C'] } },
    ),
    {
      mirrors: [],
      requestHeaders: { set: [{ name: 'x-a', value: '1' }], add: [{ name: 'x-b', value: '2' }], remove: [] },
      responseHeaders: { set: [], add: [], remove: ['x-c'] },
    },
  );
});

test('the Host can be set, but neither added nor removed, and pseudo headers are left alone', () => {
  const modify = (requestHeaderModifier: HTTPFilter['requestHeaderModifier'] & object) => () =>
    read({ type: 'RequestHeaderModifier', requestHeaderModifier });
  modify({ set: [{ name: 'Host', value: 'a' }] })();
  assert.throws(modify({ add: [{ name: 'Host', value: 'a' }] }), /the Host header can be set/);
  assert.throws(modify({ remove: ['HOST'] }), /the Host header can be set/);
  assert.throws(modify({ set: [{ name: ':path', value: '/' }] }), {
    message: 'r.filters[0].requestHeaderModifier.set[0].name: :path cannot be changed; use URLRewrite',
  });
});

for (const [name, character] of [
  ['a line break', '\n'],
  ['a carriage return', '\r'],
  ['a NUL', '\0'],
] as const) {
  test(`a header value or a path with ${name} in it is refused, and with it nobody else's routes`, () => {
    const value = `/a${character}b`;
    const set = { set: [{ name: 'x', value }] };
    const replacements = [
      { type: 'ReplaceFullPath', replaceFullPath: value },
      { type: 'ReplacePrefixMatch', replacePrefixMatch: value },
    ];
    const refused = /it has a line break or a NUL in it/;
    assert.throws(() => read({ type: 'RequestHeaderModifier', requestHeaderModifier: set }), refused);
    assert.throws(() => read({ type: 'ResponseHeaderModifier', responseHeaderModifier: set }), refused);
    for (const path of replacements) {
      assert.throws(() => read({ type: 'URLRewrite', urlRewrite: { path } }), refused);
      assert.throws(() => read({ type: 'RequestRedirect', requestRedirect: { path } }), refused);
    }
  });
}

test('a redirect has 302 unless it says otherwise', () => {
  const requestRedirect = {
    hostname: 'example.org',
    path: { type: 'ReplaceFullPath', replaceFullPath: '/x' },
  };
  assert.deepEqual(read({ type: 'RequestRedirect', requestRedirect }).redirect, {
    hostname: 'example.org',
    path: { type: 'ReplaceFullPath', value: '/x' },
    statusCode: 302,
  });
  const full = { scheme: 'https', port: 8443, statusCode: 308 };
  assert.deepEqual(read({ type: 'RequestRedirect', requestRedirect: full }).redirect, full);
});

test('a redirect to an unknown scheme or with an unknown code is refused', () => {
  assert.throws(() => read({ type: 'RequestRedirect', requestRedirect: { scheme: 'ftp' } }), /scheme: ftp/);
  assert.throws(
    () => read({ type: 'RequestRedirect', requestRedirect: { statusCode: 305 } }),
    /statusCode: 305/,
  );
});

test('a prefix can be replaced only where every match has one', () => {
  const urlRewrite = { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } };
  assert.deepEqual(read({ type: 'URLRewrite', urlRewrite }).rewrite, {
    path: { type: 'ReplacePrefixMatch', value: '/' },
  });
  assert.throws(() => readFilters([{ type: 'URLRewrite', urlRewrite }], exact, 'r'), {
    message:
      'r.filters[0].urlRewrite.path: ReplacePrefixMatch needs every match of the rule to be a PathPrefix',
  });
});

test('mirrors get all requests, a percentage, or a fraction', () => {
  const backendRef = { name: 'copy', port: 80 };
  const share = (rest: object) => {
    const [mirror] = read({ type: 'RequestMirror', requestMirror: { backendRef, ...rest } }).mirrors;
    return [mirror?.numerator, mirror?.denominator];
  };
  assert.deepEqual(share({}), [100, 100]);
  assert.deepEqual(share({ percent: 0 }), [0, 100]);
  assert.deepEqual(share({ percent: 42 }), [42, 100]);
  assert.deepEqual(share({ fraction: { numerator: 1, denominator: 1000 } }), [1, 1000]);
  assert.deepEqual(share({ fraction: { numerator: 5 } }), [5, 100]);
  const twice = { type: 'RequestMirror', requestMirror: { backendRef } };
  assert.equal(read(twice, twice).mirrors.length, 2);
});

test('a mirror cannot get more than all, nor a share of nothing', () => {
  const backendRef = { name: 'copy', port: 80 };
  const shares = [
    { percent: 101 },
    { percent: -1 },
    { fraction: { numerator: 1, denominator: 0 } },
    { fraction: { numerator: 2, denominator: 1 } },
  ];
  for (const share of shares) {
    const filter = { type: 'RequestMirror', requestMirror: { backendRef, ...share } };
    assert.throws(() => read(filter), /is not between/);
  }
});

test('what is no name of a header, no hostname or no port is refused', () => {
  for (const name of ['', 'a b', 'ü']) {
    const removal = { type: 'RequestHeaderModifier', requestHeaderModifier: { remove: [name] } };
    assert.throws(() => read(removal), /remove\[0\]: .* cannot be a name here/);
  }
  for (const requestRedirect of [{ hostname: 'a b' }, { hostname: '*.a' }, { port: 0 }, { port: 65_536 }]) {
    assert.throws(() => read({ type: 'RequestRedirect', requestRedirect }), /is not/);
  }
});

test('a redirect and a rewrite cannot both apply, and no other filter twice', () => {
  const redirect = { type: 'RequestRedirect', requestRedirect: {} };
  const rewrite = { type: 'URLRewrite', urlRewrite: {} };
  assert.throws(() => read(redirect, rewrite), { reason: 'IncompatibleFilters' });
  assert.throws(() => read(rewrite, rewrite), { reason: 'IncompatibleFilters' });
});

test('what is not supported is refused, never skipped', () => {
  for (const type of ['ExtensionRef', 'SomethingNew']) {
    assert.throws(() => read({ type }), {
      message: `r.filters[0].type: ${type} is not supported here`,
      reason: 'UnsupportedValue',
    });
  }
  assert.throws(() => read({ type: 'URLRewrite' }), /r\.filters\[0\]\.urlRewrite: is missing/);
});

test('a backend changes headers, rewrites and redirects, and does nothing else', () => {
  const requestHeaderModifier = { set: [{ name: 'A', value: '1' }] };
  assert.deepEqual(
    readBackendFilters(
      [
        { type: 'RequestHeaderModifier', requestHeaderModifier },
        { type: 'URLRewrite', urlRewrite: { hostname: 'a.example' } },
      ],
      prefix,
      'b',
    ),
    {
      requestHeaders: { set: [{ name: 'a', value: '1' }], add: [], remove: [] },
      rewrite: { hostname: 'a.example' },
    },
  );
  assert.deepEqual(
    readBackendFilters([{ type: 'RequestRedirect', requestRedirect: { port: 81 } }], prefix, 'b'),
    { redirect: { port: 81, statusCode: 302 } },
  );
  assert.deepEqual(readBackendFilters(undefined, prefix, 'b'), {});
  for (const type of ['RequestMirror', 'CORS', 'ExternalAuth', 'ExtensionRef']) {
    assert.throws(() => readBackendFilters([{ type }], prefix, 'b'), {
      message: `b.filters[0].type: ${type} is not supported here`,
    });
  }
});
