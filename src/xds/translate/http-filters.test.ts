import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpFilters } from './http-filters.ts';

test('the router is the last HTTP filter', () => {
  assert.equal(httpFilters().at(-1)?.name, 'envoy.filters.http.router');
});

test('no HTTP filter stands twice', () => {
  const names = httpFilters().map((filter) => filter.name);
  assert.deepEqual(names, [...new Set(names)]);
});
