import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlace, linkTo, parsePlace } from './location.ts';

test('a place survives the way through the address, whatever is in its names', () => {
  const place = {
    path: ['explain', 'httproute', 'shop', '<img src=x onerror=alert(1)>/?#&%'],
    query: { q: 'a&b=c d', ns: 'shop' },
  };
  assert.deepEqual(parsePlace(formatPlace(place)), place);
});

test('the empty address is the place without a path', () => {
  for (const hash of ['', '#', '#/']) assert.deepEqual(parsePlace(hash), { path: [], query: {} });
});

test('an address that cannot be decoded is taken as it stands', () => {
  assert.deepEqual(parsePlace('#/workloads/%zz').path, ['workloads', '%zz']);
});

test('a link keeps namespace and window, and nothing that belongs to the page', () => {
  const from = parsePlace('#/graph?ns=shop&window=5m&focus=web');
  assert.equal(
    linkTo(from, ['tap'], { target: 'deploy/web' }),
    '#/tap?ns=shop&target=deploy%2Fweb&window=5m',
  );
});
