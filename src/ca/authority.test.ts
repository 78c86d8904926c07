import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import tls, { type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../base/clock.ts';
import { Authority } from './authority.ts';
import { generateKey, keyPem, publicKeyDer } from './material.ts';
import { dayMs, hourMs, openssl, standingClock, testMaterial } from './testing.ts';

const clock = standingClock();
const material = testMaterial(clock);
const authority = new Authority(material, clock);
const identity = 'spiffe://cluster.local/ns/shop/sa/web';
const publicKey = publicKeyDer(generateKey());

test('a workload certificate verifies strictly, for both sides of TLS', () => {
  const leaf = authority.issueWorkload({ publicKey, identity, lifetimeMs: dayMs });
  const files = { 'root.pem': authority.trustBundle, 'chain.pem': leaf.chain };
  for (const purpose of ['sslserver', 'sslclient']) {
    const at = String(Math.floor(clock.now() / 1000));
    const how = `verify -x509_strict -attime ${at} -purpose ${purpose} -CAfile root.pem -untrusted chain.pem chain.pem`;
    const printed = openssl(files, how.split(' '));
    assert.match(printed, /chain\.pem: OK/);
  }
});

test('the longest names of Kubernetes fit into a subject, and leave the certificate one that verifies strictly', () => {
  const workload = `Deployment/${'w'.repeat(253)}`;
  const subject = { namespace: 'n'.repeat(63), workload, version: 'v'.repeat(63) };
  const leaf = authority.issueWorkload({ publicKey, identity, subject, lifetimeMs: dayMs });
  assert.deepEqual(new X509Certificate(leaf.chain).subject.split('\n'), [
    `OU=${subject.version}`,
    `O=${subject.namespace}`,
    `CN=${workload}`,
  ]);
  const files = { 'root.pem': authority.trustBundle, 'chain.pem': leaf.chain };
  const how = `verify -x509_strict -attime ${Math.floor(clock.now() / 1000)} -CAfile root.pem -untrusted chain.pem chain.pem`;
  assert.match(openssl(files, how.split(' ')), /chain\.pem: OK/);
  const printed = openssl(files, 'x509 -in chain.pem -noout -text'.split(' '));
  // Critical only of a certificate without a subject.
  assert.match(printed, /X509v3 Subject Alternative Name: *\n/);
});

test('a workload without a version has none in its subject', () => {
  const subject = { namespace: 'shop', workload: 'Deployment/web', version: '' };
  const { chain } = authority.issueWorkload({ publicKey, identity, subject, lifetimeMs: dayMs });
  assert.equal(new X509Certificate(chain).subject, 'O=shop\nCN=Deployment/web');
});

test('a chain is the leaf and the intermediate, without the root', () => {
  const { chain, serial } = authority.issueWorkload({ publicKey, identity, lifetimeMs: dayMs });
  const certificates = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  assert.equal(certificates.length, 2);
  assert.equal(new X509Certificate(certificates[0] ?? '').serialNumber, serial);
  assert.equal(new X509Certificate(certificates[1] ?? '').serialNumber, authority.intermediate.serial);
});

test('the lifetime counts from a minute ago, in whole seconds', () => {
  const leaf = authority.issueWorkload({ publicKey, identity, lifetimeMs: hourMs });
  const read = new X509Certificate(leaf.chain);
  assert.equal(leaf.notAfterMs - leaf.notBeforeMs, hourMs);
  assert.equal(leaf.notBeforeMs, Math.floor(clock.now() / 1000) * 1000 - 60_000);
  assert.equal(read.validFromDate.getTime(), leaf.notBeforeMs);
  assert.equal(read.validToDate.getTime(), leaf.notAfterMs);
});

test('a leaf ends no later than the intermediate', () => {
  const late = new Authority(material, standingClock(authority.intermediate.notAfterMs - 2 * hourMs));
  assert.equal(
    late.issueWorkload({ publicKey, identity, lifetimeMs: dayMs }).notAfterMs,
    authority.intermediate.notAfterMs,
  );
});

test('an expired intermediate signs nothing', () => {
  const expired = new Authority(material, standingClock(authority.intermediate.notAfterMs));
  assert.throws(() => expired.issueWorkload({ publicKey, identity, lifetimeMs: dayMs }), {
    code: 'WEFT-CA-08',
  });
});

test('material that does not fit together makes no authority', () => {
  assert.throws(() => new Authority({ ...material, rootKey: '' }, clock), { code: 'WEFT-CA-01' });
});

test('a serving and a workload certificate make mutual TLS 1.3', async () => {
  const live = new Authority(testMaterial(systemClock), systemClock);
  const serving = live.issueServing({
    dnsNames: ['weft.weft-system.svc'],
    uri: 'spiffe://cluster.local/ns/weft-system/sa/weft',
    lifetimeMs: dayMs,
  });
  const key = generateKey();
  const workload = live.issueWorkload({ publicKey: publicKeyDer(key), identity, lifetimeMs: dayMs });
  const server = tls.createServer(
    { key: serving.key, cert: serving.chain, ca: live.trustBundle, requestCert: true, minVersion: 'TLSv1.3' },
    (socket) => socket.end(`${socket.authorized} ${socket.getPeerX509Certificate()?.subjectAltName}`),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const client = tls.connect({
      port: (server.address() as AddressInfo).port,
      host: '127.0.0.1',
      servername: 'weft.weft-system.svc',
      ca: live.trustBundle,
      cert: workload.chain,
      key: keyPem(key),
    });
    assert.equal(await readAll(client), `true URI:${identity}`);
  } finally {
    server.close();
  }
});

async function readAll(socket: TLSSocket): Promise<string> {
  socket.setEncoding('utf8');
  let text = '';
  for await (const part of socket) text += part;
  return text;
}
