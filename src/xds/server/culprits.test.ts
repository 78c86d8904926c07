import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ResourceKind } from '../resource.ts';
import { culpritsOf } from './culprits.ts';
import { ResourceTable } from './table.ts';

const table = new ResourceTable();

function culprits(
  message: string,
  names: readonly string[],
  kind: ResourceKind = 'cluster',
): readonly string[] {
  return culpritsOf(
    message,
    names.map((name) => table.ensure(kind, name)),
  ).map(({ wireName }) => wireName);
}

const names = [
  'svc/shop/web:80',
  'svc/shop/web:8080',
  'svc/shop/web',
  'svc/a',
  'svc/a-b',
  'pod/[fd00::1]:80',
  'vip/10.0.0.1:80',
];

describe('the culprits of a rejection', () => {
  for (const [message, expected] of [
    ['Error adding/updating cluster(s) svc/a: cannot create an EDS cluster without an EDS config', ['svc/a']],
    ['Error adding/updating cluster(s) svc/shop/web:80: bad, svc/a-b: worse', ['svc/shop/web:80', 'svc/a-b']],
    [
      'Error adding/updating listener(s) svc/shop/web:8080: goo.gle/debugonly\nfield: "svc"',
      ['svc/shop/web:8080'],
    ],
    ["cluster: 'svc/a' is odd", ['svc/a']],
    ['"svc/shop/web"', ['svc/shop/web']],
    ['pod/[fd00::1]:80', ['pod/[fd00::1]:80']],
    ['malformed IP address: nowhere', []],
    ['', []],
    ['xsvc/a svc/ab svc/a/b svc/a.b', []],
    ['svc/a.', []],
  ] as const) {
    test(`of ${JSON.stringify(message)} are ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(culprits(message, names), expected);
    });
  }

  test('are called as on the wire where there is an answer for one namespace', () => {
    assert.deepEqual(culprits('svc/a/web:80: bad', ['svc/a/web:80@shop'], 'route'), ['svc/a/web:80']);
  });
});
