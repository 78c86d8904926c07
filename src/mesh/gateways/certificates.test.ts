import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { checkAuthorities, checkCertificate } from './certificates.ts';
import { certificateFor, weakCertificate } from './testing.ts';

const pair = certificateFor('B.example', 'a.example');
const other = certificateFor('c.example');

const problemOf = (chain: string, privateKey: string): string | undefined => {
  const checked = checkCertificate({ chain, privateKey });
  return 'problem' in checked ? checked.problem : undefined;
};

test('a certificate with its key holds, and tells its names', () => {
  assert.deepEqual(checkCertificate(pair), { certificate: pair, dnsNames: ['a.example', 'b.example'] });
});

test('a chain may go on behind the certificate, the key is that of the first', () => {
  assert.equal(problemOf(`${pair.chain}${other.chain}`, pair.privateKey), undefined);
  assert.match(problemOf(`${other.chain}${pair.chain}`, pair.privateKey) ?? '', /not the key/);
});

test('text around the certificates does no harm, a broken one among them does', () => {
  const framed = { chain: `Bag Attributes\n${pair.chain}\n`, privateKey: `\n${pair.privateKey}` };
  assert.deepEqual(checkCertificate(framed), checkCertificate(pair));
  const broken = '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n';
  assert.match(problemOf(`${pair.chain}${broken}`, pair.privateKey) ?? '', /no certificates in PEM/);
});

test('what is missing or unreadable is told, and nothing that was read', () => {
  const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });
  const problems = [
    problemOf('', pair.privateKey),
    problemOf(pair.chain, ''),
    problemOf('Hello world', pair.privateKey),
    problemOf(pair.chain, 'Hello world'),
    problemOf(pair.chain, encrypted.toString()),
    problemOf(pair.chain, pair.chain),
    problemOf(pair.chain, other.privateKey),
  ];
  for (const problem of problems) {
    assert.ok(problem !== undefined);
    assert.equal(/Hello|BEGIN|[A-Za-z0-9+/]{30}/.test(problem), false, problem);
  }
});

test('keys that Envoy refuses are refused here, where it costs one listener', () => {
  const { chain, privateKey } = weakCertificate();
  assert.match(problemOf(chain, privateKey) ?? '', /1024 bits/);
});

test('certificates that only a lenient reader can read are refused too', () => {
  const altered = (change: (der: Buffer) => void): string | undefined => {
    const der = Buffer.from(pair.chain.replaceAll(/-----.*-----|\s/g, ''), 'base64');
    change(der);
    const chain = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
    return problemOf(chain, pair.privateKey);
  };
  // UTCTime, 13 bytes: a letter where the year begins.
  const year = (der: Buffer): number => der.indexOf(Buffer.from('170d', 'hex')) + 2;
  assert.match(altered((der) => (der[year(der)] = 0x58)) ?? '', /dates/);
  const version = (der: Buffer): number => der.indexOf(Buffer.from('a0030201', 'hex')) + 4;
  assert.match(altered((der) => (der[version(der)] = 7)) ?? '', /version/);
  assert.equal(
    altered(() => {}),
    undefined,
  );
});

test('authorities are one or more certificates, and nothing less', () => {
  assert.deepEqual(checkAuthorities(`${pair.chain}${other.chain}`), {
    authorities: `${pair.chain}${other.chain}`,
  });
  for (const text of ['', 'Hello world', pair.privateKey]) {
    assert.equal('problem' in checkAuthorities(text), true);
  }
});
