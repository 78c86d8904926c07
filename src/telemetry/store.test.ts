/** What is kept, for how long and how much of it, whatever the clock does. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { columnCount, emptyColumns } from './counts.ts';
import { http } from './testing.ts';
import { telemetryWorld } from './testing-world.ts';
import { addSlot, SlotWriter } from './slot-codec.ts';

const web = 'shop/Deployment/web';
const requests = (count: number, peer = 'shop/Deployment/api') =>
  http({ side: 'client', peer, service: 'shop/api:80', durations: Array<number>(count).fill(1) });

describe('a window', () => {
  test('is of whole slots: what has just been counted is not in it yet', async () => {
    const world = await telemetryWorld();
    await world.reports(web, requests(3));
    assert.deepEqual((await world.ask({})).rows, []);
    world.pass(10_000);
    assert.equal((await world.ask({})).rows[0]?.requests, 3);
  });

  test('ends with the last whole slot and is as long as asked for', async () => {
    const world = await telemetryWorld();
    for (let count = 1; count <= 6; count++) {
      await world.reports(web, requests(count));
      world.pass(10_000);
    }
    const asked = async (windowMs: number) => (await world.ask({ windowMs })).rows[0]?.requests;
    assert.equal(await asked(10_000), 6);
    assert.equal(await asked(30_000), 4 + 5 + 6);
    assert.equal(await asked(60_000), 21);
    const { fromMs, toMs } = await world.ask({ windowMs: 30_000 });
    assert.equal(toMs, world.clock.now());
    assert.equal(fromMs, toMs - 30_000);
  });

  test('has a row for each step of a time line, and rates are of the step', async () => {
    const world = await telemetryWorld();
    const startMs = world.clock.now();
    for (const count of [1, 2, 0, 4]) {
      if (count > 0) await world.reports(web, requests(count));
      world.pass(10_000);
    }
    const { rows } = await world.ask({ windowMs: 40_000, stepMs: 10_000 });
    assert.deepEqual(
      rows.map(({ atMs = 0, requests: all, requestsPerSecond }) => [atMs - startMs, all, requestsPerSecond]),
      [
        [0, 1, 0.1],
        [10_000, 2, 0.2],
        [30_000, 4, 0.4],
      ],
    );
    const longer = await world.ask({ windowMs: 40_000, stepMs: 20_000 });
    assert.deepEqual(
      longer.rows.map(({ atMs = 0, requests: all }) => [atMs - startMs, all]),
      [
        [0, 3],
        [20_000, 4],
      ],
    );
  });

  for (const [what, query] of [
    ['shorter than a slot', { windowMs: 5_000 }],
    ['of broken slots', { windowMs: 25_000 }],
    ['longer than what is kept', { windowMs: 3_610_000 }],
    ['of no number', { windowMs: Number.NaN }],
    ['with a step of broken slots', { stepMs: 15_000 }],
    ['with a step longer than itself', { stepMs: 70_000 }],
  ] as const) {
    test(`${what} is refused`, async () => {
      const world = await telemetryWorld();
      await assert.rejects(world.ask(query), { code: 'WEFT-TEL-04' });
    });
  }

  test('whose answer would be too large is refused', async () => {
    const world = await telemetryWorld();
    for (let count = 0; count < 300; count++)
      await world.reports(web, requests(1, `shop/Deployment/api-${count}`));
    world.pass(10_000);
    for (let slot = 1; slot < 360; slot++) {
      await world.reports(web, requests(1));
      world.pass(10_000);
    }
    const query = { windowMs: 3_600_000, stepMs: 10_000, groupBy: ['destination'] } as const;
    await assert.rejects(world.ask(query), { code: 'WEFT-TEL-03' });
    assert.equal((await world.ask({ ...query, stepMs: 60_000 })).rows.length, 300 + 60);
  });
});

test('after an hour a slot is gone, and series without any with it', async () => {
  const world = await telemetryWorld();
  await world.reports(web, requests(5, 'shop/Deployment/old'));
  world.pass(10_000);
  await world.reports(web, requests(7));
  world.pass(3_590_000);
  assert.equal((await world.ask({ windowMs: 3_600_000 })).rows[0]?.requests, 12);
  world.pass(10_000);
  assert.equal((await world.ask({ windowMs: 3_600_000 })).rows[0]?.requests, 7);
  const { rows } = await world.ask({ windowMs: 3_600_000, groupBy: ['destination'] });
  assert.deepEqual(
    rows.map(({ group }) => group.destination),
    ['shop/Deployment/api'],
  );
});

test('a number is given again without the counts of the series that had it', async () => {
  const world = await telemetryWorld();
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 50; index++)
      await world.reports(web, requests(1, `shop/Deployment/r${round}-${index}`));
    world.pass(3_700_000);
  }
  await world.reports(web, requests(2));
  world.pass(10_000);
  const { rows } = await world.ask({ windowMs: 3_600_000, groupBy: ['destination'] });
  assert.deepEqual(
    rows.map(({ group, requests: all }) => [group.destination, all]),
    [['shop/Deployment/api', 2]],
  );
});

describe('beyond the limit of series', () => {
  test('all is counted, but without its ends, and answers say so', async () => {
    const world = await telemetryWorld({ limits: { maxSeries: 10, maxSeriesOfReporter: 10 } });
    for (let index = 0; index < 30; index++)
      await world.reports(web, requests(1, `shop/Deployment/api-${index}`));
    world.pass(10_000);
    const answer = await world.ask({ groupBy: ['source', 'destination'] });
    assert.equal(answer.rows.length, 11);
    const other = answer.rows.find(({ group }) => group.destination === '(other)');
    assert.equal(other?.requests, 20);
    assert.match(answer.gaps.join(' '), /more series than it keeps \(10\).*\(other\)/);
    assert.equal((await world.ask({})).rows[0]?.requests, 30);
    // An hour after the last of them nothing is to be told any more.
    world.pass(3_700_000);
    assert.deepEqual((await world.ask({ windowMs: 3_600_000 })).gaps, []);
  });

  test('one reporter does not take the place of others', async () => {
    const world = await telemetryWorld({ limits: { maxSeries: 100, maxSeriesOfReporter: 10 } });
    for (let index = 0; index < 200; index++) {
      await world.reports('evil/Deployment/flood', requests(1, `shop/Deployment/x-${index}`));
    }
    await world.reports(web, requests(3));
    world.pass(10_000);
    const { rows } = await world.ask({ filter: { from: 'shop' }, groupBy: ['destination'] });
    assert.deepEqual(
      rows.map(({ group, requests: all }) => [group.destination, all]),
      [['shop/Deployment/api', 3]],
    );
  });
});

test('beyond the limit of bytes the oldest slots go first, and answers say since when there are any', async () => {
  const world = await telemetryWorld({ limits: { maxBytes: 500 } });
  for (let slot = 0; slot < 100; slot++) {
    await world.reports(web, requests(1));
    world.pass(10_000);
  }
  const answer = await world.ask({ windowMs: 1_000_000 });
  const kept = answer.rows[0]?.requests ?? 0;
  assert.ok(kept > 10 && kept < 60, `${kept} are kept`);
  assert.match(answer.gaps.join(' '), /no room for the whole window/);
  assert.deepEqual((await world.ask({ windowMs: 60_000 })).gaps, []);
});

describe('a clock that is set', () => {
  for (const [what, byMs] of [
    ['forward by a day', 86_400_000],
    ['back by a day', -86_400_000],
    ['forward by seven seconds', 7_000],
    ['back by three seconds', -3_000],
  ] as const) {
    test(`${what} loses nothing and counts nothing twice, and answers say so`, async () => {
      const world = await telemetryWorld();
      let sent = 0;
      const report = async (): Promise<void> => {
        sent += 1;
        await world.reports(web, requests(1));
        world.pass(10_000);
      };
      for (let count = 0; count < 3; count++) await report();
      world.pass(4_000);
      world.jump(byMs);
      for (let count = 0; count < 2; count++) await report();
      world.pass(10_000);
      const answer = await world.ask({ windowMs: 120_000 });
      assert.equal(answer.rows[0]?.requests, sent);
      assert.match(answer.gaps.join(' '), byMs > 0 ? /was set forward by / : /was set back by /);
      // Slots begin at multiples of their length again.
      const { rows } = await world.ask({ windowMs: 120_000, stepMs: 10_000 });
      assert.equal(
        rows.reduce((sum, row) => sum + row.requests, 0),
        sent,
      );
      for (const { atMs = 1 } of rows) assert.equal(atMs % 10_000, 0);
      for (let count = 0; count < 20; count++) world.pass(10_000);
      assert.deepEqual((await world.ask({ windowMs: 120_000 })).gaps, []);
    });
  }

  test('and drifts a little is taken for what it is', async () => {
    const world = await telemetryWorld();
    for (let count = 0; count < 300; count++) {
      world.jump(count % 2 === 0 ? 40 : 20);
      await world.reports(web, requests(1));
      world.pass(10_000);
    }
    world.pass(10_000);
    const answer = await world.ask({ windowMs: 3_600_000 });
    assert.deepEqual(
      answer.gaps.filter((gap) => gap.includes('was set')),
      [],
    );
    assert.equal(answer.rows[0]?.requests, 300);
  });

  test('of a proxy changes nothing: slots are by the own clock', async () => {
    const world = await telemetryWorld();
    await world.reports(web, { ...requests(2), timeMs: world.clock.now() + 3_600_000 });
    await world.reports(web, { ...requests(3), timeMs: world.clock.now() - 3_600_000 });
    world.pass(10_000);
    assert.equal((await world.ask({ windowMs: 10_000 })).rows[0]?.requests, 5);
  });
});

test('a process that stood still for hours goes on with what it has', async () => {
  const world = await telemetryWorld();
  await world.reports(web, requests(5));
  world.pass(4 * 3_600_000);
  await world.reports(web, requests(2));
  world.pass(10_000);
  assert.equal((await world.ask({ windowMs: 3_600_000 })).rows[0]?.requests, 2);
});

test('a slot gives back exactly what was written into it', () => {
  const writer = new SlotWriter();
  const all: Float64Array[] = [];
  let seed = 3;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let series = 0; series < 2_000; series++) {
    const values = emptyColumns();
    for (let column = 0; column < columnCount; column++) {
      if (random(3) > 0)
        values[column] = [0, 1, 127, 128, 2 ** 31, 2 ** 53 - 1, random(100_000)][random(7)] ?? 0;
    }
    all.push(values);
    writer.write(series, values, 0);
  }
  const bytes = writer.take();
  const sums = new Float64Array(all.length * columnCount);
  addSlot(bytes, Int32Array.from(all.keys()), sums, 0);
  for (const [series, values] of all.entries()) {
    assert.deepEqual(sums.subarray(series * columnCount, (series + 1) * columnCount), values);
  }
  const chosen = new Float64Array(columnCount);
  addSlot(
    bytes,
    Int32Array.from(all, (_, series) => (series === 7 ? 0 : -1)),
    chosen,
    0,
  );
  assert.deepEqual(chosen, all[7]);
  assert.equal(writer.take().length, 0);
  writer.write(1, emptyColumns(), 0);
  assert.equal(writer.take().length, 0, 'what counted nothing is not written');
});
