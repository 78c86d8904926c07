import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact } from './redact.ts';

const pem = '-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----\n';

test('keys are taken out wherever they stand, also in base64 where a certificate should be', () => {
  const shown = JSON.stringify(
    redact({
      tls_certificate: {
        certificate_chain: {
          inline_bytes: Buffer.from(`${pem}and a certificate that is long`).toString('base64'),
        },
        private_key: { inline_string: pem },
      },
      generic_secret: { secret: { inline_string: 'token' } },
      text: pem,
      plain: ['kept', 7, true, null],
    }),
  );
  assert.doesNotMatch(shown, /PRIVATE KEY|token|MIG/);
  assert.match(shown, /"plain":\["kept",7,true,null\]/);
});

test('the path by which a proxy is drained is taken out, other routes stay', () => {
  const drain = { match: { path: '/drain-x7' }, direct_response: {}, typed_per_filter_config: {} };
  const other = { match: { path: '/ready' }, route: { cluster: 'admin' } };
  assert.deepEqual(redact([drain, other]), [{ ...drain, match: '[redacted]' }, other]);
});
