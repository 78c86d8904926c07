/** What the cases with connected proxies have in common: a control plane on workload W, and a fleet with certificates. */

import { systemClock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { Authority } from '../../src/ca/authority.ts';
import { authoritySecretName, materialOfSecret } from '../../src/controllers/authority-secret.ts';
import type { Secret } from '../../src/controllers/objects.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import * as resources from '../../src/kube/resources.ts';
import type { KubeApi } from '../../src/kube/types.ts';
import { buildControlPlane, type ControlPlane, startControlPlane } from './control-plane.ts';
import { Fleet, fleetSetup } from './fleet.ts';
import { controlNamespace, readWorkload, type Workload } from './workload.ts';

export interface Scenario {
  readonly api: KubeApi;
  readonly workload: Workload;
  readonly fleet: Fleet;
  /** Starts a control plane; the one before must have been killed. */
  start(): Promise<ControlPlane>;
  end(): Promise<void>;
}

/**
 * Before anything is measured, one control plane lives and dies: it makes the certificate authority, and one proxy
 * reads from it what resources need, so that the fleet never spends time on that again.
 */
export async function prepareScenario(kubeconfigPath: string, scope: 'mesh' | 'scoped'): Promise<Scenario> {
  const api = createKubeApi({ kubeconfigPath, log: silent });
  const program = await buildControlPlane();
  const first = await startControlPlane(program, kubeconfigPath);
  const secret = await api.get<Secret>(resources.secrets, authoritySecretName, controlNamespace);
  if (secret === undefined) throw new Error('the control plane made no certificate authority');
  const authority = new Authority(materialOfSecret(secret), systemClock);
  const workload = await readWorkload(api);
  const fleet = new Fleet();
  await fleet.ask({ what: 'set up', setup: fleetSetup(workload, authority, 'mesh') });
  await fleet.sync(first.xdsPort, 1);
  await fleet.ask({ what: 'drop' });
  await first.kill();
  if (scope === 'scoped') await fleet.ask({ what: 'set up', setup: fleetSetup(workload, authority, scope) });
  let current: ControlPlane | undefined;
  return {
    api,
    workload,
    fleet,
    start: async () => (current = await startControlPlane(program, kubeconfigPath)),
    end: async () => {
      fleet.end();
      await current?.kill();
    },
  };
}
