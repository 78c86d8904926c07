/** What the suite runs against: a local cluster with Gateway API's experimental CRDs, the suite's images and Weft. */

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

/** Whether it is there already depends on the chart; the suite is told to use it. */
const className = 'weft';
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
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

async function publishedFeatures(cluster: Cluster): Promise<Omit<Prepared, 'probeImage'>> {
  const api = createKubeApi({ kubeconfigPath: cluster.kubeconfigPath, log: silent });
  const apiVersion = `${classKind.group}/${classKind.version}`;
  const gatewayClass = {
    apiVersion,
    kind: classKind.kind,
    metadata: { name: className },
    spec: { controllerName },
  };
  await api.apply(classKind, gatewayClass, { fieldManager: 'conformance' });
  const meshes = await api.list<Publisher>(meshKind);
  const mesh = meshes.find(({ spec }) => spec?.controllerName === controllerName);
  // The suite waits longer for a class that is late; here only its features are of interest.
  const accepted = ['wait', '--for=condition=Accepted', '--timeout=15s', `gatewayclass/${className}`];
  await cluster.kubectl(accepted).catch(() => '');
  const names = (publisher: Publisher | undefined): readonly string[] =>
    (publisher?.status?.supportedFeatures ?? []).map(({ name }) => name);
  return {
    gatewayClass: className,
    mesh: mesh?.metadata.name,
    published: { gateway: names(await api.get<Publisher>(classKind, className)), mesh: names(mesh) },
  };
}
