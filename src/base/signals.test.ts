import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  durationBoundsMs,
  envoyBounds,
  formatPlainPeer,
  formatSubject,
  parsePeer,
  parseService,
  parseSubject,
  parseTcpPrefix,
  reportedStatistics,
  subjectOf,
  type WorkloadSubject,
} from './signals.ts';

const web: WorkloadSubject = { namespace: 'shop', workload: 'Deployment/web', version: 'v1' };

test('a subject is read as Envoy prints it', () => {
  assert.deepEqual(parseSubject('CN=Deployment/web,O=shop,OU=v1'), web);
  assert.deepEqual(parseSubject('CN=Deployment/web,O=shop'), { ...web, version: '' });
});

test('a subject survives being written and read, whatever is in it', () => {
  const odd = [
    'a,b+c',
    '"q"',
    'back\\slash',
    '<;>',
    ' blank ',
    '#hash',
    '=x=',
    'ü✓',
    'line\nbreak',
    '\\2C',
    '',
  ];
  for (const version of odd) {
    const subject = { ...web, version, workload: `Kind/${version}` };
    assert.deepEqual(parseSubject(formatSubject(subject)), subject, formatSubject(subject));
  }
});

test('special characters are escaped as RFC 2253 has it', () => {
  assert.equal(
    formatSubject({ namespace: 'a,b', workload: ' x ', version: 'é' }),
    'CN=\\ x\\ ,O=a\\,b,OU=\\C3\\A9',
  );
});

test('a subject that names no workload is read as nothing', () => {
  for (const text of ['', 'C=DE', 'nonsense', 'CN', '1.2.3=#0401']) {
    assert.deepEqual(parseSubject(text), { namespace: '', workload: '', version: '' });
  }
});

test('the peer is a certificate, the metadata of an endpoint without a proxy, or nobody', () => {
  assert.deepEqual(parsePeer(formatSubject(web)), { ...web, mtls: true });
  assert.deepEqual(parsePeer(formatPlainPeer(web)), { ...web, mtls: false });
  const unversioned = { ...web, version: '' };
  assert.deepEqual(parsePeer(formatPlainPeer(unversioned)), { ...unversioned, mtls: false });
  assert.equal(parsePeer(''), undefined);
});

test('a service is named by its key, by the cluster that leads to it, or it is a host', () => {
  assert.deepEqual(parseService('shop/web:80'), { service: 'shop/web:80', host: '' });
  assert.deepEqual(parseService('svc/shop/web:80+edge+tls=shop/p'), { service: 'shop/web:80', host: '' });
  assert.deepEqual(parseService('203.0.113.7:443'), { service: '', host: '203.0.113.7:443' });
  assert.deepEqual(parseService('[2001:db8::1]:443'), { service: '', host: '[2001:db8::1]:443' });
  for (const none of ['', 'invalid-backend']) assert.deepEqual(parseService(none), { service: '', host: '' });
});

test('the prefix of a TCP proxy says whose bytes it counts', () => {
  assert.deepEqual(parseTcpPrefix('svc/shop/my-db_5432'), { side: 'client', service: 'shop/my-db:5432' });
  assert.deepEqual(parseTcpPrefix('inbound-mesh'), { side: 'server', mtls: true });
  assert.equal(parseTcpPrefix('transit'), undefined);
  assert.equal(parseTcpPrefix('toString'), undefined);
});

test('of all statistics of a proxy only those that mean something to the mesh are reported', () => {
  const reported = new RegExp(`^(?:${reportedStatistics})$`);
  const names = {
    'weft.http.client.duration.code.200': true,
    'weft.http.server.duration.code.200': true,
    'weft.tcp.server.connections.event.TcpConnectionEnd': true,
    'weft.http.client.flagged.code.503.flags.UH': false,
    'tcp.svc/shop/db_5432.downstream_cx_rx_bytes_total': true,
    'tcp.inbound-plain.downstream_cx_tx_bytes_total': true,
    'tcp.inbound-plain.downstream_cx_total': false,
    'cluster.svc/shop/web_80.upstream_rq_retry': false,
    'server.uptime': false,
  };
  for (const [name, expected] of Object.entries(names)) assert.equal(reported.test(name), expected, name);
});

test('the bounds of durations ascend, and Envoy counts what equals one of them above it', () => {
  for (const [index, bound] of durationBoundsMs.entries()) {
    assert.ok(bound > (durationBoundsMs[index - 1] ?? 0));
    const envoyBound = envoyBounds[index] ?? 0;
    assert.ok(envoyBound < bound * 1_000 && envoyBound >= bound * 1_000 - 1);
  }
});

test('a workload of the mesh model becomes a subject', () => {
  assert.deepEqual(subjectOf('shop/Deployment/web', 'v1'), web);
});
