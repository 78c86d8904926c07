import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '../base/metrics.ts';
import { type DelayHistogram, registerProcessMetrics } from './process-metrics.ts';

async function valueOf(registry: Registry, name: string): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values[0]?.value ?? Number.NaN;
}

function fakeDelays(maxMs: number): DelayHistogram {
  const state = { max: maxMs * 1e6, count: 3 };
  return {
    get max() {
      return state.max;
    },
    get count() {
      return state.count;
    },
    reset: () => void Object.assign(state, { max: 0, count: 0 }),
  };
}

test('a stall is what a look at the event loop came too late, and is told by one scrape only', async () => {
  const registry = new Registry();
  registerProcessMetrics({ registry, delays: fakeDelays(47) });
  assert.equal(Math.round((await valueOf(registry, 'weft_event_loop_longest_stall_seconds')) * 1000), 42);
  assert.equal(await valueOf(registry, 'weft_event_loop_longest_stall_seconds'), 0);
});

test('a loop that was never late has no stall, rather than a negative one', async () => {
  const registry = new Registry();
  registerProcessMetrics({ registry, delays: fakeDelays(4.9) });
  assert.equal(await valueOf(registry, 'weft_event_loop_longest_stall_seconds'), 0);
});

test('processor time only grows, and memory is what the process holds', async () => {
  const registry = new Registry();
  registerProcessMetrics({ registry, delays: fakeDelays(0) });
  const before = await valueOf(registry, 'process_cpu_seconds_total');
  const burnUntil = process.cpuUsage().user + 20_000;
  while (process.cpuUsage().user < burnUntil);
  const after = await valueOf(registry, 'process_cpu_seconds_total');
  assert.ok(after > before && after - before < 5, `${before} -> ${after}`);
  assert.ok((await valueOf(registry, 'process_resident_memory_bytes')) > 10e6);
});
