/**
 * What every end-to-end test stands on: one cluster with Weft installed through its chart, shared by all test
 * files of a run (test/run.ts starts it), or started by the file itself when it is run alone.
 */

import { type Cluster, openCluster, startCluster } from '../../dev/cluster/cluster.ts';
import { deployWeft } from '../../dev/deploy.ts';
import { buildImages, loadImages } from '../../dev/images/images.ts';
import { silent } from '../../src/base/log.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import type { KubeClient } from '../../src/kube/types.ts';

export interface TestMesh {
  readonly cluster: Cluster;
  readonly api: KubeClient;
  /** Image of the test application. */
  readonly image: string;
}

interface Shared {
  readonly cluster: string;
  readonly image: string;
}

const variable = 'WEFT_E2E_SHARED';

async function install(emulate?: string): Promise<{ cluster: Cluster; image: string }> {
  const log = (line: string): void => console.log(`  ${line}`);
  const name = emulate === undefined ? `e2e-${process.pid}` : `e2e-older-${process.pid}`;
  const release = emulate === undefined ? {} : { emulate };
  const cluster = await startCluster({ name, ephemeral: true, log, ...release });
  try {
    const images = await buildImages(['tester'], log);
    await loadImages(cluster, images);
    await deployWeft(cluster, { log });
    return { cluster, image: images['tester']?.ref ?? '' };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** For the runner: one mesh for all files that follow; the result ends it. */
export async function shareMesh(): Promise<() => Promise<void>> {
  const { cluster, image } = await install();
  process.env[variable] = JSON.stringify({ cluster: cluster.name, image } satisfies Shared);
  return () => cluster.stop();
}

/** For a test file: the shared mesh, or one of its own that ends with the process. */
export async function useMesh(): Promise<TestMesh> {
  const text = process.env[variable];
  const shared = text === undefined ? undefined : (JSON.parse(text) as Shared);
  const { cluster, image } =
    shared === undefined
      ? await install()
      : { cluster: await openCluster(shared.cluster), image: shared.image };
  return { cluster, api: apiOf(cluster), image };
}

/** For a test file that needs a cluster as an older release of Kubernetes has it; to be stopped by the file. */
export async function useOlderMesh(emulate: string): Promise<TestMesh> {
  const { cluster, image } = await install(emulate);
  return { cluster, api: apiOf(cluster), image };
}

function apiOf(cluster: Cluster): KubeClient {
  return createKubeApi({ kubeconfigPath: cluster.kubeconfigPath, log: silent });
}

/** Asks every 50 ms until the answer is not undefined; fails with what was last seen. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  timeoutMs = 60_000,
  last?: () => string,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline)
      throw new Error(
        `${what}: not within ${timeoutMs} ms${last === undefined ? '' : `; last seen: ${last()}`}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
