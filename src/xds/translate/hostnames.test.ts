import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHostnames } from './hostnames.ts';

const names = ['*', '*.example.com', '*.foo.example.com', 'abc.foo.example.com'];

const owners = [
  ['abc.foo.example.com', 'abc.foo.example.com'],
  ['x.foo.example.com', '*.foo.example.com'],
  ['x.y.foo.example.com', '*.foo.example.com'],
  ['foo.example.com', '*.example.com'],
  ['example.com', '*'],
  ['example.org', '*'],
  ['*.foo.example.com', '*.foo.example.com'],
  ['*.x.foo.example.com', '*.foo.example.com'],
  ['*.bar.example.com', '*.example.com'],
  ['*.com', '*'],
  ['*', '*'],
] as const;
for (const [name, owner] of owners) {
  test(`of ${names.join(', ')}, ${name} belongs to ${owner}`, () => {
    assert.equal(createHostnames(names).ownerOf(name), owner);
  });
}

test('what no hostname covers belongs to none', () => {
  const { ownerOf } = createHostnames(['*.example.com']);
  assert.equal(ownerOf('example.com'), undefined);
  assert.equal(ownerOf('*.com'), undefined);
  assert.equal(ownerOf('*'), undefined);
  assert.equal(ownerOf('a.example.comm'), undefined);
});

test('above a name is what it would belong to without itself', () => {
  const { above } = createHostnames(names);
  assert.equal(above('abc.foo.example.com'), '*.foo.example.com');
  assert.equal(above('*.foo.example.com'), '*.example.com');
  assert.equal(above('*.example.com'), '*');
  assert.equal(above('*'), undefined);
});
