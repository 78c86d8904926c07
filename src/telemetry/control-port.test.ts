/** Who is asked at a control port proves to be the pod that was meant, and is shown the control plane's certificate. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { after, before, test } from 'node:test';
import { createTestAuthority, type TestAuthority } from '../../test/support/pki.ts';
import { ControlPort } from './control-port.ts';

const identity = 'spiffe://cluster.local/ns/shop/sa/web';
let pki: TestAuthority;
let server: Server;
let port = 0;
const asked: string[] = [];

before(async () => {
  pki = createTestAuthority();
  const { key, cert } = pki.issue(`URI:${identity}`);
  server = createServer(
    { key, cert, ca: pki.ca, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const names = (request.socket as TLSSocket).getPeerCertificate().subjectaltname;
      asked.push(`${request.method} ${request.url} ${names}`);
      if (request.url === '/silent') return;
      if (request.url === '/forbidden') response.statusCode = 403;
      response.end('said');
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

after(() => {
  server.closeAllConnections();
  server.close();
  pki.remove();
});

function controlPort(): ControlPort {
  const { key, cert } = pki.issue('URI:spiffe://cluster.local/ns/weft-system/sa/weft');
  return new ControlPort({ tls: () => ({ key, cert, ca: pki.ca }), port });
}

const target = { key: 'shop/web-1', address: '127.0.0.1', identity };

test('the proxy of a pod answers the control plane', async () => {
  const answer = await controlPort().ask(target, { method: 'POST', path: '/runtime_modify?weft.tap=100' });
  assert.deepEqual(answer, { status: 200, body: 'said' });
  assert.equal(
    asked.at(-1),
    'POST /runtime_modify?weft.tap=100 URI:spiffe://cluster.local/ns/weft-system/sa/weft',
  );
});

test('whoever proves to be another than the pod that was meant is told nothing', async () => {
  const before = asked.length;
  const other = { ...target, identity: 'spiffe://cluster.local/ns/shop/sa/other' };
  await assert.rejects(controlPort().ask(other, { path: '/stats' }), /it is not spiffe:\/\/.*sa\/other/);
  assert.equal(asked.length, before);
});

test('a proxy that does not answer is not waited for longer than was said', async () => {
  await assert.rejects(controlPort().ask(target, { path: '/silent', deadlineMs: 50 }), /it took too long/);
});

test('a stream that is refused says with what', async () => {
  await assert.rejects(controlPort().open(target, { path: '/forbidden' }), /it answered 403: said/);
});

test('a pod that is gone is an error that says why', async () => {
  const { key, cert } = pki.issue('URI:spiffe://cluster.local/ns/weft-system/sa/weft');
  const nowhere = new ControlPort({ tls: () => ({ key, cert, ca: pki.ca }), port: 1 });
  await assert.rejects(nowhere.ask(target, { path: '/' }), /ECONNREFUSED/);
});
