/**
 * The proof that the deltas add up: proxies that behave like Envoy, against a mesh that changes at random.
 * While it goes on the rules of sending are checked at every response; when it comes to rest every proxy
 * must hold exactly what recomputing from scratch would give it.
 */

import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, test } from 'node:test';
import type { XdsFixture } from '../../../test/support/xds-fixture.ts';
import { listed, Simulated } from '../../../test/support/xds-simulation.ts';
import { generator, services, World, workloads } from '../../../test/support/xds-world.ts';
import { systemClock } from '../../base/clock.ts';
import { silent } from '../../base/log.ts';
import { resourceKinds } from '../resource.ts';
import { Hub } from './hub.ts';

async function settle(fixture: XdsFixture, clients: readonly Simulated[]): Promise<void> {
  for (let quiet = 0; quiet < 5; ) {
    await fixture.graph.settled();
    await turn();
    quiet = clients.filter((client) => client.answer()).length > 0 ? 0 : quiet + 1;
    for (const { failure } of clients) if (failure !== undefined) throw failure;
  }
}

async function run(seed: number, steps: number): Promise<void> {
  const random = generator(seed);
  const world = new World(random);
  const { fixture } = world;
  const hub = new Hub({
    translation: fixture.translation,
    acks: fixture.acks,
    use: (workload, destinations) => {
      for (const destination of destinations) world.use(workload, destination);
    },
    settled: () => fixture.graph.settled(),
    log: silent,
    clock: systemClock,
  });
  await fixture.graph.settled();
  const clients = [0, 1, 0, 1].map((index) => new Simulated(hub, random, workloads[index] ?? ''));
  for (const client of clients) client.connect();
  for (let step = 0; step < steps; step++) {
    const client = clients[random(clients.length)];
    const action = random(20);
    if (action < 6) world.step();
    else if (action === 6) {
      client?.disconnect();
      client?.connect();
    } else if (action < 9) client?.ask(services[random(services.length)] ?? '');
    else if (action < 16) client?.answer();
    else await turn();
    for (const { failure } of clients) if (failure !== undefined) throw failure;
  }
  await fixture.graph.settled();
  world.heal();
  await settle(fixture, clients);
  for (const client of clients) client.verify(fixture);
  verifyCounts(hub, clients);
  for (const client of clients) client.disconnect();
  for (const kind of resourceKinds) {
    for (const [name] of fixture.resources[kind].entries()) {
      const record = hub.table.find(kind, name);
      assert.deepEqual([record?.holders, record?.current], [0, 0], `${kind} ${name} after all have left`);
    }
  }
  hub.close();
}

function verifyCounts(hub: Hub, clients: readonly Simulated[]): void {
  for (const kind of resourceKinds) {
    const names = new Set(clients.flatMap((client) => [...client.held[kind].keys()]));
    for (const name of names) {
      const record = hub.table.find(kind, name);
      if (record === undefined || record.onDemand) continue;
      const holding = clients.filter((client) => client.held[kind].has(name));
      const holders = holding.filter((client) => client.needs(kind, name)).length;
      const states = clients.map((client) => client.states(kind, name)).join('\n');
      const all = [record, ...(record.variants?.values() ?? [])];
      const current = all.reduce((sum, one) => sum + one.current, 0);
      assert.ok(current >= holders && current <= holding.length, `${current} hold ${states}`);
      for (const one of all)
        assert.ok(one.current <= one.holders, `${one.current} of ${one.holders} hold ${states}`);
      if (listed(kind)) assert.equal(record.holders, holders, `those that are to hold ${kind} ${name}`);
    }
  }
}

describe('deltas over random changes', () => {
  test('leave every proxy with what it would get from scratch, and break no rule on the way', async () => {
    const from = Number(process.env['WEFT_SEED'] ?? 1);
    const count = Number(process.env['WEFT_SEEDS'] ?? 60);
    for (let seed = from; seed < from + count; seed++) {
      await run(seed, 400).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      });
    }
  });
});
