/** What the suite runs against: a local cluster with Gateway API's experimental CRDs, the suite's images and Weft. */

import { wait } from '../../src/base/backoff.ts';
import { createKubeApi } from '../../src/kube/api.ts';
import { silent } from '../../src/base/log.ts';
import { controllerName, injectLabel } from '../../src/base/names.ts';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import { type Cluster, gatewayApiCrds } from '../../dev/cluster/cluster.ts';
import { deployWeft } from '../../dev/deploy.ts';
import { type Log, withProgress } from '../../dev/command.ts';
import { buildImages, loadImages } from '../../dev/images/images.ts';
import { buildSuiteImages } from './images.ts';
import type { SuitePrograms } from './suite.ts';

/** The class that the chart makes. */
const className = 'weft';
const publishLimitMs = 30_000;
const classKind: ResourceType = {
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  plural: 'gatewayclasses',
  kind: 'GatewayClass',
  namespaced: false,
};
const meshKind: ResourceType = {
  group: 'gateway.networking.x-k8s.io',
  version: 'v1alpha1',
  plural: 'xmeshes',
  kind: 'XMesh',
  namespaced: false,
};

export interface Prepared {
  readonly gatewayClass: string;
  /** Name of Weft's XMesh; undefined where there is none. */
  readonly mesh: string | undefined;
  /** What GatewayClass and XMesh publish. */
  readonly published: { readonly gateway: readonly string[]; readonly mesh: readonly string[] };
  /** Image of the probe's application. */
  readonly probeImage: string;
}

export const namespaceLabel = `${injectLabel}=enabled`;

export async function prepareCluster(cluster: Cluster, programs: SuitePrograms, log: Log): Promise<Prepared> {
  await withProgress(log, "loading the suite's images", async () =>
    loadImages(cluster, await buildSuiteImages(programs, log)),
  );
  const tester = await buildImages(['tester'], log);
  await loadImages(cluster, tester, log);
  // Before Weft, which leaves CRDs of the same version as they are.
  const apply = ['apply', '--server-side', '--force-conflicts', '--field-manager=weft-dev', '-f'];
  await cluster.kubectl([...apply, await gatewayApiCrds('experimental', log)]);
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
  await deployWeft(cluster, { log });
  return { ...(await publishedFeatures(cluster)), probeImage: tester['tester']?.ref ?? '' };
}

interface Publisher extends KubeObject {
  readonly spec?: { readonly controllerName?: string };
  readonly status?: {
    readonly supportedFeatures?: readonly { readonly name: string }[];
  };
}

async function publishedFeatures(cluster: Cluster): Promise<Omit<Prepared, 'probeImage'>> {
  const api = createKubeApi({ kubeconfigPath: cluster.kubeconfigPath, log: silent });
  const published = async (): Promise<Omit<Prepared, 'probeImage'>> => {
    const meshes = await api.list<Publisher>(meshKind);
    const mesh = meshes.find(({ spec }) => spec?.controllerName === controllerName);
    return {
      gatewayClass: className,
      mesh: mesh?.metadata.name,
      published: { gateway: names(await api.get<Publisher>(classKind, className)), mesh: names(mesh) },
    };
  };
  const deadlineMs = performance.now() + publishLimitMs;
  for (;;) {
    const found = await published();
    const { gateway, mesh } = found.published;
    // Without them the suite has nothing to test, and says so.
    if ((gateway.length > 0 && mesh.length > 0) || performance.now() > deadlineMs) return found;
    await wait(200);
  }
}

function names(publisher: Publisher | undefined): readonly string[] {
  return (publisher?.status?.supportedFeatures ?? []).map(({ name }) => name);
}
