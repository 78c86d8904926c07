import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { KubeError } from './errors.ts';
import type { KubeApi, RequestOptions } from './types.ts';
import { UserReviewer } from './user-review.ts';

const user = { username: 'jane', uid: '7', groups: ['a'], extra: { k: ['v'] } };
const access = {
  verb: 'list',
  group: 'g',
  version: 'v1',
  resource: 'stat',
  subresource: '',
  namespace: 'shop',
  name: '',
};

function setUp(answer: (path: string, body: any) => unknown) {
  const asked: unknown[] = [];
  const clock = new MovableClock();
  const request = (_method: string, path: string, { body }: RequestOptions = {}) => {
    asked.push(body);
    return Promise.resolve().then(() => answer(path, body));
  };
  const reviewer = new UserReviewer({ api: { request } as Pick<KubeApi, 'request'>, clock });
  return { reviewer, asked, clock };
}

test('a token is asked about once in ten seconds, also by many at a time', async () => {
  const { reviewer, asked, clock } = setUp(() => ({ status: { authenticated: true, user } }));
  const answers = await Promise.all([reviewer.user('t'), reviewer.user('t')]);
  assert.deepEqual(answers, [user, user]);
  clock.advance(9_000);
  await reviewer.user('t');
  assert.equal(asked.length, 1);
  clock.advance(1_000);
  await reviewer.user('t');
  assert.equal(asked.length, 2);
});

test('what the API server does not accept is nobody, and no audience but its own is asked for', async () => {
  const { reviewer, asked } = setUp(() => ({ status: { authenticated: false, user } }));
  assert.equal(await reviewer.user('t'), undefined);
  assert.deepEqual((asked[0] as { spec: unknown }).spec, { token: 't' });
});

test('rights are asked for as whom they are, and remembered by person and by what they want', async () => {
  const { reviewer, asked } = setUp((_, { spec }) => ({
    status: { allowed: spec.resourceAttributes.namespace === 'shop' },
  }));
  assert.equal(await reviewer.mayAccess(user, access), true);
  assert.equal(await reviewer.mayAccess(user, access), true);
  assert.equal(await reviewer.mayAccess(user, { ...access, namespace: 'bank' }), false);
  await reviewer.mayAccess({ ...user, groups: [] }, access);
  assert.equal(asked.length, 3);
  assert.deepEqual((asked[0] as { spec: unknown }).spec, {
    user: 'jane',
    uid: '7',
    groups: ['a'],
    extra: { k: ['v'] },
    resourceAttributes: access,
  });
});

test('while nobody can be asked, it fails, and asks again the next time', async () => {
  let away = true;
  const { reviewer } = setUp(() => {
    if (away) throw new KubeError('WEFT-KUBE-01', 'It is away.', { status: 0, reason: 'ECONNREFUSED' });
    return { status: { allowed: true } };
  });
  await assert.rejects(reviewer.mayAccess(user, access), { code: 'WEFT-KUBE-01' });
  away = false;
  assert.equal(await reviewer.mayAccess(user, access), true);
});
