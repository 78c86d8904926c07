import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Access } from '../kube/user-review.ts';
import { openScope } from './access.ts';

const user = { username: 'jane', uid: '', groups: [], extra: {} };
const whole = { group: 'g', version: 'v1', namespace: '', resource: 'stat', name: '', subresource: '' };

function asking(...where: readonly string[]) {
  const asked: Access[] = [];
  const may = (_: unknown, access: Access): Promise<boolean> => {
    asked.push(access);
    return Promise.resolve(where.includes(access.namespace || '*'));
  };
  return { asked, may };
}

test('who may see everything is asked about once', async () => {
  const { asked, may } = asking('*');
  const { everywhere, scoped } = await openScope(may, user, 'list', whole, true);
  assert.equal(everywhere, true);
  assert.equal(await scoped((scope) => scope.mayRead('anything')), true);
  assert.equal(asked.length, 1);
});

test('namespaces are looked up as an answer names them, each once', async () => {
  const { asked, may } = asking('a', 'c');
  const { scoped } = await openScope(may, user, 'list', whole, true);
  const answer = await scoped((scope) => ['a', 'b', 'c', 'a'].filter((one) => scope.mayRead(one)));
  assert.deepEqual(answer, ['a', 'c', 'a']);
  assert.deepEqual(
    asked.map(({ namespace }) => namespace),
    ['', 'a', 'b', 'c'],
  );
});

test('a refusal that only came of not knowing yet is not the last word', async () => {
  const { may } = asking('a');
  const { scoped } = await openScope(may, user, 'list', whole, true);
  const answer = await scoped((scope) => {
    if (!scope.mayRead('a')) throw new Error('not permitted');
    return 'seen';
  });
  assert.equal(answer, 'seen');
  await assert.rejects(
    scoped((scope) => {
      if (!scope.mayRead('b')) throw new Error('not permitted');
    }),
    /not permitted/,
  );
});

test('far ends need the right to the list there, whatever was asked about here', async () => {
  const { asked, may } = asking('a');
  const path = { ...whole, namespace: 'a', resource: 'proxies', name: 'web', subresource: 'config' };
  const { scoped } = await openScope(may, user, 'get', path, false);
  assert.equal(await scoped((scope) => scope.mayRead('b')), false);
  const attributes = asked.map(({ verb, name, subresource, namespace }) => [
    verb,
    name,
    subresource,
    namespace,
  ]);
  assert.deepEqual(attributes, [
    ['get', 'web', 'config', 'a'],
    ['list', '', '', ''],
    ['list', '', '', 'b'],
  ]);
});

test('who may see nothing is refused, also where an answer would be empty', async () => {
  const { may } = asking();
  const { scoped } = await openScope(may, user, 'list', whole, true);
  await assert.rejects(
    scoped(() => []),
    { code: 'WEFT-API-02', status: 403 },
  );
  await assert.rejects(openScope(may, user, 'list', whole, false), { code: 'WEFT-API-02' });
});

test('there is a bound to the namespaces of one answer', async () => {
  const { may } = asking('n1');
  const { scoped } = await openScope(may, user, 'list', whole, true);
  const all = Array.from({ length: 501 }, (_, index) => `n${index}`);
  await assert.rejects(
    scoped((scope) => all.filter((one) => scope.mayRead(one))),
    { code: 'WEFT-API-10' },
  );
});
