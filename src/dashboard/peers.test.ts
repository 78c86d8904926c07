import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { silent } from '../base/log.ts';
import { MovableClock } from '../base/movable-clock.ts';
import { Authority } from '../ca/authority.ts';
import { testMaterial } from '../ca/testing.ts';
import { Peers } from './peers.ts';

test('a replica that hangs holds up the first question only, until it is time to be patient again', async (t) => {
  const identity = 'spiffe://cluster.local/ns/weft-system/sa/weft';
  const authority = new Authority(testMaterial(systemClock), systemClock);
  const { key, chain } = authority.issueServing({ dnsNames: ['x'], uri: identity, lifetimeMs: 3_600_000 });
  const hanging = createServer((socket) => t.after(() => socket.destroy()));
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
  t.after(() => hanging.close());
  const clock = new MovableClock();
  const peers = new Peers({
    self: 'weft-0',
    port: (hanging.address() as AddressInfo).port,
    others: () => [{ name: 'weft-1', address: '127.0.0.1' }],
    tls: () => ({ key, cert: chain, ca: authority.trustBundle, serverName: 'x', identity }),
    log: silent,
    clock,
  });
  t.after(() => peers.close());
  const deadlines: number[] = [];
  const { timeout } = AbortSignal;
  t.mock.method(AbortSignal, 'timeout', (delayMs: number) => {
    deadlines.push(delayMs);
    return timeout.call(AbortSignal, 20);
  });
  const ask = () => peers.collect('ping', () => 1);
  for (let round = 0; round < 3; round++) {
    const { gaps } = await ask();
    assert.match(gaps[0] ?? '', /weft-1 .*it took too long/);
  }
  clock.advance(10_000);
  await ask();
  assert.deepEqual(deadlines, [3_000, 500, 500, 3_000]);
});
