import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { WeftError } from '../base/errors.ts';
import {
  createAuthorityMaterial,
  generateKey,
  keyPem,
  loadMaterial,
  materialParts,
  renewIntermediate,
} from './material.ts';
import { dayMs, openssl, otherCurveKey, standingClock, testMaterial } from './testing.ts';

const clock = standingClock();
const material = testMaterial(clock);

test('root and intermediate are a strict chain with the right path lengths', () => {
  const files = {
    'root.pem': material.rootCertificate,
    'intermediate.pem': material.intermediateCertificate,
  };
  const at = String(Math.floor(clock.now() / 1000));
  assert.match(
    openssl(files, ['verify', '-x509_strict', '-attime', at, '-CAfile', 'root.pem', 'intermediate.pem']),
    /intermediate\.pem: OK/,
  );
  const text = (file: string): string => openssl(files, ['x509', '-in', file, '-noout', '-text']);
  assert.match(text('root.pem'), /CA:TRUE, pathlen:1/);
  assert.match(text('intermediate.pem'), /CA:TRUE, pathlen:0/);
  assert.match(text('intermediate.pem'), /Key Usage: critical\n\s+Certificate Sign, CRL Sign/);
});

test('authorities of one trust domain have different names', () => {
  const names = [material, testMaterial(clock)].map(
    (one) => new X509Certificate(one.rootCertificate).subject,
  );
  assert.notEqual(names[0], names[1]);
});

test('an intermediate never outlives its root', () => {
  const short = createAuthorityMaterial({
    trustDomain: 'cluster.local',
    rootLifetimeMs: 10 * dayMs,
    intermediateLifetimeMs: 20 * dayMs,
    clock,
  });
  const { root, intermediate } = loadMaterial(short);
  assert.equal(intermediate.validTo, root.validTo);
});

test('a renewed intermediate has a new key and the same root', () => {
  const later = standingClock(clock.now() + 200 * dayMs);
  const renewed = renewIntermediate(material, {
    trustDomain: 'cluster.local',
    intermediateLifetimeMs: 365 * dayMs,
    clock: later,
  });
  assert.equal(renewed.rootCertificate, material.rootCertificate);
  assert.notEqual(renewed.intermediateKey, material.intermediateKey);
  const { intermediate } = loadMaterial(renewed);
  assert.equal(
    intermediate.validToDate.getTime(),
    Math.floor(later.now() / 1000) * 1000 - 60_000 + 365 * dayMs,
  );
});

test('a missing, unreadable or strange part is named, and never quoted', () => {
  const other = testMaterial(clock);
  const p384 = keyPem(otherCurveKey());
  const leafLike = material.intermediateCertificate.replace(/[A-Za-z0-9+/]{64}/, 'A'.repeat(64));
  const cases: readonly (readonly [string, Partial<typeof material>, RegExp])[] = [
    ...materialParts.map(
      (part) => [`without ${part}`, { [part]: '' }, new RegExp(`^${part} is missing`)] as const,
    ),
    [
      'a damaged certificate',
      { intermediateCertificate: leafLike },
      /^intermediateCertificate cannot be read/,
    ],
    ['a damaged key', { rootKey: 'x' }, /^rootKey cannot be read/],
    ['the key of another root', { rootKey: other.rootKey }, /^rootKey is not the key/],
    [
      'an intermediate of another root',
      { intermediateCertificate: other.intermediateCertificate },
      /not signed by/,
    ],
    [
      'the key of another intermediate',
      { intermediateKey: keyPem(generateKey()) },
      /^intermediateKey is not/,
    ],
    ['a key of another kind', { intermediateKey: p384 }, /^intermediateKey is not/],
    [
      'an intermediate as root',
      { rootCertificate: material.intermediateCertificate },
      /^rootCertificate is not/,
    ],
  ];
  for (const [name, change, expected] of cases) {
    assert.throws(
      () => loadMaterial({ ...material, ...change }),
      (error: WeftError) => {
        assert.equal(error.code, 'WEFT-CA-01', name);
        assert.match(error.message, expected, name);
        assert.ok(!error.describe().includes('-----'), name);
        return true;
      },
    );
  }
});
