import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect as connectTcp } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { GatewayWorld } from './gateway-world.ts';

describe('the real Envoy, as a gateway for connections and datagrams', () => {
  const world = new GatewayWorld();
  before(() => world.start());
  after(() => world.stop());
  const at = world.at.bind(world);
  const get = world.get.bind(world);
  const getSecure = world.getSecure.bind(world);

  describe('with connections', () => {
    /** The first bytes of the server, or `closed`. */
    async function greeting(port: number): Promise<string> {
      const socket = connectTcp(port, '127.0.0.1');
      return new Promise((resolve) => {
        socket.on('data', (data) => {
          resolve(String(data));
          socket.destroy();
        });
        socket.on('error', () => resolve('closed'));
        socket.on('close', () => resolve('closed'));
      });
    }

    async function tlsGreeting(servername: string): Promise<string> {
      const socket = connectTls({
        host: '127.0.0.1',
        port: at(8443),
        rejectUnauthorized: false,
        ...(servername === '' ? {} : { servername }),
      });
      return new Promise((resolve) => {
        socket.on('data', (data) => {
          resolve(String(data));
          socket.destroy();
        });
        socket.on('error', () => resolve('closed'));
        socket.on('close', () => resolve('closed'));
      });
    }

    function assertShare(actual: number, count: number, share: number): void {
      const deviation = 4 * Math.sqrt(count * share * (1 - share));
      assert.ok(
        Math.abs(actual - count * share) <= deviation,
        `${actual} of ${count} is no share of ${share}`,
      );
    }

    test('shares TCP by weight and closes the share of a backend that does not exist', async () => {
      const seen: string[] = [];
      for (let i = 0; i < 300; i++) seen.push(await greeting(at(9300)));
      assertShare(seen.filter((name) => name === 'tcp1').length, 300, 70 / 150);
      assertShare(seen.filter((name) => name === 'tcp2').length, 300, 30 / 150);
      assertShare(seen.filter((name) => name === 'closed').length, 300, 50 / 150);
    });

    test('closes connections of a listener without a route', async () => {
      assert.equal(await greeting(at(9301)), 'closed');
    });

    test('passes TLS through, ends it, and closes what nobody serves, all on one port', async () => {
      assert.equal((await getSecure(8443, 'pass.example.com')).server, 'tls');
      assert.equal(await tlsGreeting('end.example.com'), 'tcp1');
      assert.equal(await tlsGreeting('other.example.com'), 'closed');
      assert.equal(await tlsGreeting('other.example.org'), 'closed');
      assert.equal(await tlsGreeting(''), 'closed');
    });

    test('closes plaintext on a port of TLS', async () => {
      const socket = connectTcp(at(8443), '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nHost: strict.example.com\r\n\r\n');
      socket.on('error', () => {});
      let heard = '';
      socket.on('data', (data) => (heard += String(data)));
      await new Promise((resolve) => socket.on('close', resolve));
      assert.equal(heard, '');
    });
  });

  describe('with datagrams', () => {
    const count = 300;
    const sockets: UdpSocket[] = [];
    after(() => {
      for (const socket of sockets) socket.close();
    });

    /** What each of `count` clients hears until none of them is expected to hear more. */
    async function ask(port: number, expected: number): Promise<readonly string[]> {
      const heard: string[] = [];
      await new Promise<void>((resolve) => {
        for (let i = 0; i < count; i++) {
          const socket = createSocket('udp4');
          sockets.push(socket);
          socket.on('message', (data) => {
            heard.push(String(data));
            if (heard.length >= expected) resolve();
          });
          socket.send('?', port, '127.0.0.1');
        }
      });
      return heard;
    }

    test('shares clients by weight and drops the share of a backend that does not exist', async () => {
      const deviation = 4 * Math.sqrt(count * (1 / 3) * (2 / 3));
      const heard = await ask(at(53, 'udp'), Math.ceil((count * 2) / 3 - deviation));
      const first = heard.filter((name) => name === 'udp1').length;
      assert.ok(heard.length < count);
      assert.ok(Math.abs(first / heard.length - 0.7) < 0.15, `${first} of ${heard.length}`);
    });

    test('drops what is for nobody, and goes on', async () => {
      const socket = createSocket('udp4');
      sockets.push(socket);
      const heard: string[] = [];
      socket.on('message', (data) => heard.push(String(data)));
      for (let i = 0; i < 20; i++) socket.send('?', at(54, 'udp'), '127.0.0.1');
      assert.equal((await get('bar.com', '/any')).status, 200);
      assert.deepEqual(heard, []);
    });

    test('keeps a client with one endpoint', async () => {
      const names = await new Promise<readonly string[]>((resolve) => {
        // Of twenty, one at least is not in the share that is dropped.
        for (let i = 0; i < 20; i++) {
          const socket = createSocket('udp4');
          sockets.push(socket);
          const heard: string[] = [];
          socket.on('message', (data) => {
            heard.push(String(data));
            if (heard.length === 5) resolve(heard);
            else socket.send('?', at(53, 'udp'), '127.0.0.1');
          });
          socket.send('?', at(53, 'udp'), '127.0.0.1');
        }
      });
      assert.equal(new Set(names).size, 1);
    });
  });
});
