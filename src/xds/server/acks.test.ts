import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Graph } from '../../graph/graph.ts';
import type { ResourceAcks } from '../resource.ts';
import { AckPublisher } from './acks.ts';
import { ResourceTable } from './table.ts';

function setUp() {
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const acks = graph.source<ResourceAcks>('acks');
  const timers: { readonly delayMs: number; readonly action: () => void }[] = [];
  let nowMs = 0;
  let writes = 0;
  const counting = {
    set(key: string, value: ResourceAcks): void {
      writes++;
      acks.set(key, value);
    },
  };
  const publisher = new AckPublisher({
    acks: { ...counting, delete: (key: string) => acks.delete(key) } as never,
    settled: async () => {
      await graph.settled();
      nowMs += 5;
    },
    now: () => nowMs,
    after: (delayMs, action) => {
      timers.push({ delayMs, action });
      return () => undefined;
    },
    onError: (error) => assert.fail(String(error)),
  });
  const table = new ResourceTable();
  return { acks, publisher, record: table.ensure('route', 'web'), table, timers, writes: () => writes };
}

async function published(): Promise<void> {
  for (let count = 0; count < 5; count++) await turn();
}

describe('acknowledgements', () => {
  test('of one turn are written once, as they are at its end', async () => {
    const { acks, publisher, record, writes } = setUp();
    record.holders = 3;
    for (let current = 1; current <= 3; current++) {
      record.current = current;
      publisher.touch(record);
    }
    await published();
    assert.deepEqual(acks.get('route web'), { holders: 3, current: 3, served: '' });
    assert.equal(writes(), 1);
  });

  test('that come while the graph works are written after a rest in proportion to that work', async () => {
    const { acks, publisher, record, timers } = setUp();
    record.holders = 1;
    publisher.touch(record);
    await published();
    record.current = 1;
    publisher.touch(record);
    await published();
    assert.deepEqual(acks.get('route web'), { holders: 1, current: 0, served: '' });
    assert.deepEqual(
      timers.map(({ delayMs }) => delayMs),
      [20],
    );
    timers[0]?.action();
    await published();
    assert.deepEqual(acks.get('route web'), { holders: 1, current: 1, served: '' });
  });

  test('of a resource that nobody is to hold are taken away, unless it is rejected', async () => {
    const { acks, publisher, record, timers } = setUp();
    record.holders = 1;
    publisher.touch(record);
    await published();
    timers.pop()?.action();
    record.holders = 0;
    record.rejected = { version: 'v', message: 'bad' };
    publisher.touch(record);
    await published();
    assert.deepEqual(acks.get('route web'), {
      holders: 0,
      current: 0,
      served: '',
      rejected: { version: 'v', message: 'bad' },
    });
    timers.pop()?.action();
    record.rejected = undefined;
    publisher.touch(record);
    await published();
    assert.equal(acks.get('route web'), undefined);
  });

  test('of on-demand answers are told only when one is rejected', async () => {
    const { acks, publisher, table } = setUp();
    const answer = table.ensure('cluster', 'vip/10.0.0.1:80');
    answer.holders = 2;
    publisher.touch(answer);
    await published();
    assert.equal(acks.get('cluster vip/10.0.0.1:80'), undefined);
  });
});
