/**
 * A real Envoy that shows a token and has no files: key and certificate come over its stream, are used by a listener,
 * and are renewed while connections are open and requests go on.
 */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { silent } from '../../src/base/log.ts';
import { subjectOf } from '../../src/base/signals.ts';
import { MovableClock } from '../../src/base/movable-clock.ts';
import { Authority } from '../../src/ca/authority.ts';
import { testMaterial } from '../../src/ca/testing.ts';
import { StubKeeper } from '../../src/controllers/testing.ts';
import { WorkloadIdentities } from '../../src/controllers/workload-identities.ts';
import { ownSecrets } from '../../src/xds/translate/secret.ts';
import { EnvoyUnderTest } from '../support/envoy.ts';
import { freePort } from '../support/ports.ts';
import {
  createFixture,
  identityIn,
  type RunningServer,
  serveFixture,
  type XdsFixture,
} from '../support/xds-fixture.ts';
import { need } from '../support/xds-resources.ts';

const ads = { ads: {}, resourceApiVersion: 'V3' };
const type = (name: string): string => `type.googleapis.com/envoy.${name}`;

/** Answers every request by itself, to whoever shows a certificate of the mesh. */
function securedListener(fixture: XdsFixture, port: number): void {
  const manager = {
    '@type': type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: 'secured',
    routeConfig: {
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, directResponse: { status: 200 } }],
        },
      ],
    },
    httpFilters: [
      { name: 'router', typedConfig: { '@type': type('extensions.filters.http.router.v3.Router') } },
    ],
  };
  const tls = {
    '@type': type('extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
    requireClientCertificate: true,
    commonTlsContext: {
      tlsCertificateSdsSecretConfigs: [{ name: 'identity', sdsConfig: ads }],
      validationContextSdsSecretConfig: { name: 'trust', sdsConfig: ads },
    },
  };
  const body = {
    name: 'secured',
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [
      {
        transportSocket: { name: 'tls', typedConfig: tls },
        filters: [{ name: 'http', typedConfig: manager }],
      },
    ],
  };
  fixture.put('listener', 'secured', body, [need('secret', 'identity'), need('secret', 'trust')]);
}

describe('a real Envoy with a token', () => {
  // Certificates are valid by the real time: what is moved is only when renewal is due, by seconds.
  const clock = new MovableClock(Date.now());
  const keeper = new StubKeeper();
  const stop = new AbortController();
  const identities = new WorkloadIdentities({ keeper, lifetimeMs: () => 100_000, clock, log: silent });
  let authority: Authority;
  let fixture: XdsFixture;
  let running: RunningServer;
  let envoy: EnvoyUnderTest;
  let port: number;

  before(async () => {
    authority = new Authority(testMaterial(clock), clock);
    keeper.give(authority);
    identities.start(stop.signal);
    port = await freePort();
    fixture = createFixture();
    securedListener(fixture, port);
    fixture.lists.set('a/Deployment/app', { clusters: [], listeners: ['secured'] });
    await fixture.graph.settled();
    running = await serveFixture(fixture, {
      ownSecrets: () => (listener) =>
        identities.follow(
          { identity: identityIn('a'), subject: subjectOf('a/Deployment/app', 'v1') },
          (identity) => listener(ownSecrets(identity)),
        ),
    });
    envoy = await EnvoyUnderTest.start({
      xdsPort: running.port,
      pki: running.pki,
      shows: { token: 'a' },
      id: 'a/app-1/uid-1',
      cluster: 'app',
    });
    await envoy.until('live', () => envoy.ready());
    await envoy.until('the listener is there', async () =>
      (await envoy.active('dynamic_listeners')).has('secured'),
    );
  });
  after(async () => {
    stop.abort();
    await envoy.stop();
    await running.server.close();
    running.pki.remove();
  });

  /** A connection of another workload of the mesh. */
  function dial(by = authority, roots = by.trustBundle): Promise<TLSSocket> {
    const { key, chain } = by.issueWorkloadWithKey({ identity: identityIn('b'), lifetimeMs: 100_000 });
    const socket = connect({
      host: '127.0.0.1',
      port,
      key,
      cert: chain,
      ca: roots,
      checkServerIdentity: () => undefined,
    });
    return new Promise((resolve, reject) => {
      socket.once('secureConnect', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  function ask(socket: TLSSocket): Promise<string> {
    return new Promise((resolve, reject) => {
      socket.once('data', (bytes: Buffer) => resolve(bytes.toString().split('\r\n')[0] ?? ''));
      socket.once('close', () => reject(new Error('the connection was closed')));
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    });
  }

  function serialOf(socket: TLSSocket): string {
    return socket.getPeerX509Certificate()?.serialNumber ?? '';
  }

  test('has the identity of its workload', async () => {
    const socket = await dial();
    assert.equal(socket.getPeerX509Certificate()?.subjectAltName, `URI:${identityIn('a')}`);
    assert.equal(await ask(socket), 'HTTP/1.1 200 OK');
    socket.destroy();
  });

  test('shows no key in its configuration', async () => {
    const dump = await envoy.admin('/config_dump');
    assert.match(dump, /"identity"/);
    assert.doesNotMatch(dump, /PRIVATE KEY/);
    assert.doesNotMatch(dump, new RegExp(Buffer.from('-----BEGIN PRIVATE').toString('base64').slice(0, 20)));
  });

  test('takes up a renewed certificate, and open connections go on', async () => {
    const old = await dial();
    const before = serialOf(old);
    assert.equal(await ask(old), 'HTTP/1.1 200 OK');
    clock.advance(20_000);
    await envoy.until('the new certificate is in use', async () => {
      const socket = await dial();
      assert.equal(await ask(socket), 'HTTP/1.1 200 OK');
      socket.destroy();
      return serialOf(socket) !== before;
    });
    assert.equal(await ask(old), 'HTTP/1.1 200 OK');
    old.destroy();
    assert.equal(running.server.proxies()[0]?.nacks, 0);
  });

  test('trusts changed roots as soon as they come', async () => {
    const other = new Authority(testMaterial(clock), clock);
    assert.notEqual(new X509Certificate(other.trustBundle).fingerprint256, authority.root.fingerprint);
    keeper.give(other);
    await envoy.until('the other authority is in use', async () => {
      const socket = await dial(other);
      const answer = await ask(socket);
      socket.destroy();
      return answer === 'HTTP/1.1 200 OK';
    });
    const refused = await dial(authority, other.trustBundle)
      .then(ask)
      .catch((error: Error) => error);
    assert.ok(refused instanceof Error, 'a certificate of the former authority is refused');
  });
});
