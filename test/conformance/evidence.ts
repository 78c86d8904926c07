/** What the cluster says at the end of a run. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKubeApi } from '../../src/kube/api.ts';
import { silent } from '../../src/base/log.ts';
import { metricsPort } from '../../src/base/names.ts';
import type { Cluster } from '../../dev/cluster/cluster.ts';
import { kinds, type Pod } from '../e2e/apps.ts';

const metric = /^weft_xds_rejections_total\{kind="([^"]+)"[^}]*\} (\d+)$/gm;

/** Resources that proxies refused, by kind, over all replicas of the control plane; kinds without any are absent. */
export async function rejectedResources(cluster: Cluster): Promise<ReadonlyMap<string, number>> {
  const api = createKubeApi({ kubeconfigPath: cluster.kubeconfigPath, log: silent });
  const labelSelector = 'app.kubernetes.io/name=weft';
  const pods = await api.list<Pod>(kinds.pod, { namespace: 'weft-system', labelSelector });
  const texts = await Promise.all(
    pods.map(async ({ status }) => (await fetch(`http://${status.podIP}:${metricsPort}/metrics`)).text()),
  );
  return sumRejections(texts);
}

/** Of metrics as Prometheus reads them, one text for each replica. */
export function sumRejections(texts: readonly string[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const text of texts) {
    for (const [, kind = '', count] of text.matchAll(metric))
      if (Number(count) > 0) sums.set(kind, (sums.get(kind) ?? 0) + Number(count));
  }
  return sums;
}

/** Writes logs and objects into the folder, for whoever looks for the cause of a failure. */
export async function saveState(cluster: Cluster, folder: string): Promise<void> {
  const routes = 'httproutes,grpcroutes,tlsroutes,tcproutes,udproutes';
  const wanted: Readonly<Record<string, readonly string[]>> = {
    'control-plane.log': [
      'logs',
      '--namespace=weft-system',
      '--selector=app.kubernetes.io/name=weft',
      '--tail=-1',
      '--prefix',
    ],
    'gateways.yaml': [
      'get',
      `gatewayclasses,gateways,listenersets,${routes}`,
      '--all-namespaces',
      '-o',
      'yaml',
    ],
    'pods.txt': ['get', 'pods', '--all-namespaces', '-o', 'wide'],
    'events.txt': ['get', 'events', '--all-namespaces', '--sort-by=.lastTimestamp'],
  };
  for (const [file, argv] of Object.entries(wanted))
    await writeFile(join(folder, file), await cluster.kubectl(argv).catch(String));
}
