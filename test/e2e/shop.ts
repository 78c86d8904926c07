/** A cluster of its own with Weft and the sample shop in it: its load must be the only traffic of the mesh. */

import { type Cluster, openCluster, startCluster } from '../../dev/cluster/cluster.ts';
import { gatewayApiCrds } from '../../dev/cluster/gateway-api.ts';
import { deployWeft } from '../../dev/deploy.ts';
import { buildImages, loadImages } from '../../dev/images/images.ts';
import { applyShop, waitForShop } from '../../dev/start/shop.ts';
import { silent } from '../../src/base/log.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import type { KubeClient } from '../../src/kube/types.ts';

export interface Shop {
  readonly cluster: Cluster;
  readonly api: KubeClient;
  close(): Promise<void>;
}

/** Name of a cluster with a shop that runs already, for those who repeat a test while they write it. */
const variable = 'WEFT_E2E_SHOP';

export async function openShop(): Promise<Shop> {
  const existing = process.env[variable];
  const cluster =
    existing === undefined
      ? await startCluster({ name: `e2e-shop-${process.pid}`, ephemeral: true, log: say })
      : await openCluster(existing);
  const api = createKubeApi({ kubeconfigPath: cluster.kubeconfigPath, log: silent });
  const close = async (): Promise<void> => {
    if (existing === undefined) await cluster.stop();
  };
  try {
    if (existing === undefined) await fill(cluster, api);
    await waitForShop(api, new AbortController().signal, () => {});
  } catch (error) {
    await close();
    throw error;
  }
  return { cluster, api, close };
}

async function fill(cluster: Cluster, api: KubeClient): Promise<void> {
  // Retries of routes are in the experimental channel alone; Weft leaves CRDs of the same version as they are.
  const apply = ['apply', '--server-side', '-f', await gatewayApiCrds('experimental', say)];
  await cluster.kubectl(apply);
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
  const images = await buildImages(['sample'], say);
  await loadImages(cluster, images);
  await deployWeft(cluster, { log: say });
  await applyShop(api, images['sample']?.ref);
}

function say(line: string): void {
  console.log(`  ${line}`);
}
