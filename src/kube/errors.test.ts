import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorOfStatus, errorOfTransport, isKubeError, kubeErrors } from './errors.ts';

test('every error has its page', () => {
  for (const code of Object.keys(kubeErrors)) {
    const page = readFileSync(new URL(`../../docs/errors/${code}.md`, import.meta.url), 'utf8');
    assert.ok(page.startsWith(`# ${code}: `));
  }
});

test('a status in the body counts where there is none of HTTP: an error within a watch', () => {
  const error = errorOfStatus('GET /x', 0, { code: 410, reason: 'Expired', message: 'too old' });
  assert.ok(isKubeError(error, 410));
  assert.equal(error.message, 'GET /x: 410 too old.');
});

test('the header on when to come back goes before the body', () => {
  const status = { code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 3 } };
  assert.equal(errorOfStatus('GET /x', 429, status).retryAfterSeconds, 3);
  assert.equal(errorOfStatus('GET /x', 429, status, 7).retryAfterSeconds, 7);
});

test('messages are of bounded length', () => {
  const error = errorOfStatus('GET /x', 422, { reason: 'Invalid', message: 'x'.repeat(100_000) });
  assert.ok(error.message.length <= 1001);
});

test('a failure without a response carries the code of the system', () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6443'), { code: 'ECONNREFUSED' });
  const error = errorOfTransport('GET /x', cause);
  assert.deepEqual([error.status, error.reason], [0, 'ECONNREFUSED']);
  assert.equal(errorOfTransport('GET /x', 'odd').reason, 'NoResponse');
});
