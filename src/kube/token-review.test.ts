import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { KubeError } from './errors.ts';
import { type TokenReviewLimits, TokenReviewer, TokenReviewerBusyError } from './token-review.ts';
import type { RequestOptions } from './types.ts';

const hourMs = 3_600_000;
const clock = new MovableClock();

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

let made = 0;

/** A token that says what the kubelet's says; nobody has signed it. */
function tokenWith(claims: object = {}): string {
  const all = { aud: ['weft.dev'], exp: (clock.now() + hourMs) / 1000, jti: ++made, ...claims };
  return `${part({ alg: 'RS256' })}.${part(all)}.c2lnbmF0dXJl`;
}

const holder = { namespace: 'shop', serviceAccount: 'web', podName: 'web-1', podUid: 'u1' };
const accepted = {
  authenticated: true,
  audiences: ['weft.dev'],
  user: {
    username: 'system:serviceaccount:shop:web',
    extra: {
      'authentication.kubernetes.io/pod-name': ['web-1'],
      'authentication.kubernetes.io/pod-uid': ['u1'],
    },
  },
};

/** A reviewer, and the API server it asks: what it was asked, and how it answers. */
function setUp(status: object | Error = accepted, limits: Partial<TokenReviewLimits> = {}) {
  const asked: RequestOptions[] = [];
  const waiting: (() => void)[] = [];
  const server = { status, holds: false, running: 0, most: 0 };
  const request = async <T>(_: string, path: string, options: RequestOptions = {}): Promise<T> => {
    assert.equal(path, '/apis/authentication.k8s.io/v1/tokenreviews');
    asked.push(options);
    server.most = Math.max(server.most, ++server.running);
    if (server.holds) await new Promise<void>((resolve) => waiting.push(resolve));
    server.running--;
    if (server.status instanceof Error) throw server.status;
    return { status: server.status } as T;
  };
  const reviewer = new TokenReviewer({ api: { request }, audience: 'weft.dev', clock, limits });
  /** Answers whatever has been asked, and what is asked upon that. */
  const answer = async (): Promise<void> => {
    while (waiting.length > 0) {
      waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { reviewer, asked, server, answer };
}

suite('a token', () => {
  test('that the API server accepts is that of the pod it is bound to', async () => {
    const { reviewer, asked } = setUp();
    const token = tokenWith();
    assert.deepEqual(await reviewer.review(token), { kind: 'accepted', holder });
    assert.deepEqual(asked[0]?.body, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: ['weft.dev'] },
    });
  });

  const hopeless: readonly (readonly [string, () => string, RegExp])[] = [
    ['that has expired', () => tokenWith({ exp: clock.now() / 1000 }), /expired/],
    [
      'for another audience',
      () => tokenWith({ aud: ['https://kubernetes.default.svc'] }),
      /another audience/,
    ],
    ['for no audience', () => tokenWith({ aud: undefined }), /another audience/],
    ['that never expires', () => tokenWith({ exp: undefined }), /not a service account token/],
    ['of two parts', () => tokenWith().split('.').slice(0, 2).join('.'), /not a service account token/],
    ['of four parts', () => `${tokenWith()}.more`, /not a service account token/],
    ['whose claims are no JSON', () => 'aaaa.bbbb.cccc', /not a service account token/],
    ['whose claims are nothing', () => `a.${part(null)}.c`, /not a service account token/],
  ];
  for (const [which, make, why] of hopeless) {
    test(`${which} is refused without a question`, async () => {
      const { reviewer, asked } = setUp();
      const verdict = await reviewer.review(make());
      assert.ok(verdict.kind === 'refused');
      assert.match(verdict.why, why);
      assert.equal(asked.length, 0);
    });
  }

  const refusals: readonly (readonly [string, object, RegExp])[] = [
    ['is forged', { authenticated: false, error: 'invalid signature' }, /does not accept it/],
    ['gets no word', {}, /does not accept it/],
    ['is accepted for another audience only', { ...accepted, audiences: ['other'] }, /another audience/],
    ['is accepted by a server without audiences', { ...accepted, audiences: undefined }, /another audience/],
    ['is that of a person', { ...accepted, user: { ...accepted.user, username: 'ada' } }, /service account/],
    ['is bound to no pod', { ...accepted, user: { ...accepted.user, extra: {} } }, /not bound to a pod/],
  ];
  for (const [which, status, why] of refusals) {
    test(`that ${which} is refused, and asked about again`, async () => {
      const { reviewer, asked } = setUp(status);
      const token = tokenWith();
      for (const times of [1, 2]) {
        const verdict = await reviewer.review(token);
        assert.ok(verdict.kind === 'refused');
        assert.match(verdict.why, why);
        assert.equal(asked.length, times);
      }
    });
  }

  test('is not believed while the API server does not answer, and is as soon as it does', async () => {
    const { reviewer, server } = setUp(new KubeError('WEFT-KUBE-01', 'refused', { status: 0, reason: '' }));
    const token = tokenWith();
    await assert.rejects(reviewer.review(token), { code: 'WEFT-KUBE-01' });
    server.status = accepted;
    assert.equal((await reviewer.review(token)).kind, 'accepted');
  });
});

suite('an accepted token', () => {
  test('is remembered until a minute before it expires, and never beyond', async () => {
    const { reviewer, asked } = setUp();
    const token = tokenWith();
    await reviewer.review(token);
    clock.advance(hourMs - 60_001);
    assert.equal((await reviewer.review(token)).kind, 'accepted');
    assert.equal(asked.length, 1);
    clock.advance(1);
    await reviewer.review(token);
    assert.equal(asked.length, 2);
    clock.advance(60_000);
    assert.equal((await reviewer.review(token)).kind, 'refused');
  });

  test('vouches for no other', async () => {
    const { reviewer, asked, server } = setUp();
    await reviewer.review(tokenWith());
    server.status = { authenticated: false };
    assert.equal((await reviewer.review(tokenWith())).kind, 'refused');
    assert.equal(asked.length, 2);
  });

  test('is forgotten when there are too many, the oldest first', async () => {
    const { reviewer, asked } = setUp(accepted, { remembered: 2 });
    const tokens = [tokenWith(), tokenWith(), tokenWith()];
    for (const token of tokens) await reviewer.review(token);
    for (const token of tokens.slice(1)) await reviewer.review(token);
    assert.equal(asked.length, 3);
    await reviewer.review(tokens[0] ?? '');
    assert.equal(asked.length, 4);
  });
});

suite('many tokens', () => {
  test('that are the same are one question', async () => {
    const { reviewer, asked, server, answer } = setUp();
    server.holds = true;
    const token = tokenWith();
    const both = Promise.all([reviewer.review(token), reviewer.review(token)]);
    await answer();
    assert.deepEqual(
      (await both).map(({ kind }) => kind),
      ['accepted', 'accepted'],
    );
    assert.equal(asked.length, 1);
  });

  test('wait for one another, and all get their answer', async () => {
    const { reviewer, server, answer } = setUp(accepted, { concurrent: 2 });
    server.holds = true;
    const all = Promise.all(Array.from({ length: 7 }, () => reviewer.review(tokenWith())));
    await answer();
    assert.ok((await all).every(({ kind }) => kind === 'accepted'));
    assert.equal(server.most, 2);
  });

  test('are turned away beyond the limit, and come in once others are done', async () => {
    const { reviewer, server, answer } = setUp(accepted, { concurrent: 1, waiting: 1 });
    server.holds = true;
    const two = Promise.all([reviewer.review(tokenWith()), reviewer.review(tokenWith())]);
    await assert.rejects(reviewer.review(tokenWith()), TokenReviewerBusyError);
    await answer();
    await two;
    const late = reviewer.review(tokenWith());
    await answer();
    assert.equal((await late).kind, 'accepted');
  });

  test('are not kept from their turn by one that fails', async () => {
    const { reviewer, server, answer } = setUp(new Error('down'), { concurrent: 1 });
    server.holds = true;
    const failing = [reviewer.review(tokenWith()), reviewer.review(tokenWith())];
    const settled = Promise.allSettled(failing);
    await answer();
    assert.deepEqual(
      (await settled).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    server.status = accepted;
    const late = reviewer.review(tokenWith());
    await answer();
    assert.equal((await late).kind, 'accepted');
  });
});
