/**
 * Child process: an hour of reports of a thousand proxies into a store whose clock is moved, so that nobody has to wait for
 * it; run with the flags of the control plane, since they decide how much memory Node takes. Figures by message.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { reportIntervalSeconds } from '../../src/base/signals.ts';
import { telemetryWorld } from '../../src/telemetry/testing-world.ts';
import { consumptionOf } from './control-plane.ts';
import { type BenchWorkload, reportOf } from './telemetry-fleet.ts';

export interface HourFigures {
  /** Resident, beyond what the process had before the first report. */
  readonly addedMB: number;
  /** Of it, finished slots. */
  readonly storedMB: number;
  /** CPU time of one report, from its bytes to the store. */
  readonly reportMicros: number;
  /** CPU time of questions about all pairs, of the last minute and of the hour. */
  readonly minuteQueryMs: number;
  readonly hourQueryMs: number;
}

const rounds = 3;

async function hourOf(workloads: readonly BenchWorkload[]): Promise<HourFigures> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const world = await telemetryWorld({ services: workloads.map(({ service }) => service) });
  const peers = workloads.map(({ name }) => world.peer(name));
  const messages = Array.from({ length: rounds }, (_, round) =>
    workloads.map((__, index) => reportOf(index, workloads, round, world.clock.now())),
  );
  collect();
  const before = consumptionOf(process.pid).residentMB;
  const cpuBefore = process.cpuUsage();
  let reports = 0;
  for (let slot = 0; slot < 3_600 / reportIntervalSeconds; slot++) {
    // Two proxies of each workload.
    for (const round of [slot, slot + 1]) {
      for (const [index, message] of messages[round % rounds]?.entries() ?? []) {
        const peer = peers[index];
        if (peer === undefined) continue;
        await world.send(peer, message);
        reports += 1;
      }
    }
    world.pass(reportIntervalSeconds * 1_000);
  }
  const reportMicros = cpuMs(cpuBefore) / reports / 1e-3;
  collect();
  const addedMB = consumptionOf(process.pid).residentMB - before;
  const asked = async (windowMs: number): Promise<number> => {
    const startedAt = process.cpuUsage();
    const { rows } = await world.ask({
      windowMs,
      groupBy: ['source', 'destination', 'service', 'protocol', 'mtls'],
    });
    if (rows.length < workloads.length) throw new Error(`the answer has ${rows.length} rows`);
    return cpuMs(startedAt);
  };
  for (let count = 0; count < 10; count++) await asked(60_000);
  return {
    addedMB,
    storedMB: world.telemetry.storedBytes() / 1e6,
    reportMicros,
    minuteQueryMs: await asked(60_000),
    hourQueryMs: await asked(3_600_000),
  };
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}

process.once('message', (workloads: readonly BenchWorkload[]) => {
  hourOf(workloads).then(
    (figures) => process.send?.(figures, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
