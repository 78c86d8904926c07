/**
 * The control plane is killed and started again while 1,000 proxies hold the whole mesh. They connect at once, say
 * which versions they hold, and are to be sent nothing. What is counted as resent is every resource of the seconds
 * after, whatever the reason.
 */

import { wait } from '../../src/base/backoff.ts';
import type { Figures, Surroundings } from './cases.ts';
import { prepareScenario } from './scenario.ts';

const proxies = 1000;
/** What comes late counts too. */
const watchMs = 5_000;

export async function run({ kubeconfigPath }: Surroundings): Promise<Figures> {
  const scenario = await prepareScenario(kubeconfigPath, 'mesh');
  const { fleet } = scenario;
  try {
    const first = await scenario.start();
    const fresh = await fleet.sync(first.xdsPort, proxies);
    await fleet.ask({ what: 'expect loss' });
    await first.kill();
    const second = await scenario.start();
    const { spread } = await fleet.sync(second.xdsPort, proxies, true);
    await wait(watchMs);
    const { resources: resent = 0 } = await fleet.ask({ what: 'received' });
    const { cpuSeconds } = second.consumption();
    console.log(
      `first sync ${(fresh.spread.lastMs / 1000).toFixed(1)} s, ${Math.round(fresh.resources / proxies)} resources each; ` +
        `again in step: half after ${spread.p50Ms.toFixed(0)} ms, all after ${spread.lastMs.toFixed(0)}; ` +
        `${cpuSeconds.toFixed(1)} s CPU since its start`,
    );
    return { seconds: spread.lastMs / 1000, resourcesResent: resent };
  } finally {
    await scenario.end();
  }
}
