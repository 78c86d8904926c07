import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResourcePath, verbOf } from './request-path.ts';

// As the API server reads them: namespace, resource, name, subresource.
for (const [path, expected] of [
  ['/apis/g/v1/stat', ['', 'stat', '', '']],
  ['/apis/g/v1/namespaces/shop/stat', ['shop', 'stat', '', '']],
  ['/apis/g/v1/namespaces/shop/proxies/web/config', ['shop', 'proxies', 'web', 'config']],
  ['/apis/g/v1/namespaces', ['', 'namespaces', '', '']],
  ['/apis/g/v1/namespaces/shop', ['shop', 'namespaces', 'shop', '']],
  ['/apis/g/v1/ui/app.js', ['', 'ui', 'app.js', '']],
  ['/apis/g/v1/namespaces/shop/a/b/c/d', undefined],
  ['/apis/g/v1//stat', undefined],
  ['/apis/g/v1', undefined],
  ['/api/v1/pods', undefined],
] as const) {
  test(`${path} is ${expected === undefined ? 'no resource' : expected.join(', ')}`, () => {
    const parsed = parseResourcePath(path);
    const { namespace, resource, name, subresource } = parsed ?? {};
    assert.deepEqual(parsed && [namespace, resource, name, subresource], expected);
  });
}

test('verbs are those of RBAC', () => {
  assert.equal(verbOf('GET', { name: '' }, false), 'list');
  assert.equal(verbOf('GET', { name: '' }, true), 'watch');
  assert.equal(verbOf('GET', { name: 'x' }, true), 'get');
  assert.equal(verbOf('POST', { name: 'x' }, false), 'create');
  assert.equal(verbOf('DELETE', { name: 'x' }, false), undefined);
});
