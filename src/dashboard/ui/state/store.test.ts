import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStore } from './store.ts';

test('watchers hear of changes, and only of changes', () => {
  const store = createStore(1);
  const heard: number[] = [];
  store.watch((value) => heard.push(value));
  store.set(1);
  store.set(2);
  assert.deepEqual(heard, [2]);
});

test('who stopped watching hears nothing, even when it stopped during a change', () => {
  const store = createStore(1);
  const heard: string[] = [];
  const stopFirst = store.watch(() => {
    heard.push('first');
    stopFirst();
  });
  store.watch(() => heard.push('second'));
  store.set(2);
  store.set(3);
  assert.deepEqual(heard, ['first', 'second', 'second']);
});
