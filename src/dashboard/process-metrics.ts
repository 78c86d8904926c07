/** What the process itself costs, for Prometheus: its event loop, processor time and memory. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from '../base/metrics.ts';

/** Between two looks at the event loop; a stall that is shorter is not seen, and each may be this much too short. */
const resolutionMs = 5;

/** What `monitorEventLoopDelay` gives, in nanoseconds. */
export interface DelayHistogram {
  readonly max: number;
  readonly count: number;
  reset(): void;
}

export interface ProcessMetricsOptions {
  readonly registry: Registry;
  /** For tests. */
  readonly delays?: DelayHistogram;
}

export function registerProcessMetrics(options: ProcessMetricsOptions): void {
  const registers = [options.registry];
  const delays = options.delays ?? startDelays();
  new Gauge({
    name: 'weft_event_loop_longest_stall_seconds',
    help: 'Longest time since the last scrape during which the event loop did nothing else.',
    registers,
    collect() {
      this.set(delays.count === 0 ? 0 : Math.max(0, delays.max / 1e9 - resolutionMs / 1000));
      delays.reset();
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of this process, user and system.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of this process.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
}

function startDelays(): DelayHistogram {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  return delays;
}
