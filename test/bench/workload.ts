/**
 * Workload W of DESIGN, written into an API server: 1,000 Services in 50 namespaces with 2 to 4 endpoints each in
 * three zones, every endpoint a meshed, ready pod. No node runs: what the kubelet and the controllers would write is
 * written here. The first pod of each Service is the one whose proxy connects.
 */

import { globSync } from 'node:fs';
import { ensureBinary, gatewayApiCrds } from '../../dev/cluster/cluster.ts';
import { run } from '../../dev/command.ts';
import { proxyAnnotation } from '../../src/base/names.ts';
import { version } from '../../src/base/version.ts';
import * as resources from '../../src/kube/resources.ts';
import type { KubeApi, KubeObject, ResourceType } from '../../src/kube/types.ts';
import type { KubeEndpointSlice, KubePod, KubeService } from '../../src/mesh/kubernetes.ts';

export const controlNamespace = 'weft-system';
const serviceCount = 1000;
const namespaceCount = 50;
const zones = ['z1', 'z2', 'z3'];
const writersAtOnce = 48;
/** The ReplicaSets' hash, by which a pod is known to belong to a Deployment. */
const podHash = '6c5d7f9b8d';

/** Kubernetes objects are written here as one would in YAML. */
type Written = KubeObject & Readonly<Record<string, unknown>>;

export async function writeWorkload(
  api: KubeApi,
  kubeconfigPath: string,
  log: (line: string) => void,
): Promise<void> {
  await installKinds(kubeconfigPath);
  const create = (type: ResourceType, object: Written): Promise<Written> => api.create(type, object);
  for (const zone of zones) {
    await create(resources.nodes, {
      metadata: { name: `node-${zone}`, labels: { 'topology.kubernetes.io/zone': zone } },
    });
  }
  await create(resources.namespaces, { metadata: { name: controlNamespace } });
  // Owns the webhook configurations that the control plane makes.
  await create(resources.clusterRoles, { metadata: { name: 'weft' } });
  for (let index = 0; index < namespaceCount; index++) {
    await create(resources.namespaces, { metadata: { name: namespaceOf(index) } });
  }
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < serviceCount) {
      const index = next++;
      await writeService(api, index);
      if ((index + 1) % 250 === 0) log(`${index + 1} of ${serviceCount} Services written`);
    }
  };
  await Promise.all(Array.from({ length: writersAtOnce }, writer));
}

async function installKinds(kubeconfigPath: string): Promise<void> {
  const kubectl = [await ensureBinary('kubectl'), '--kubeconfig', kubeconfigPath];
  const crds = [
    ...globSync(new URL('../../crds/*.yaml', import.meta.url).pathname),
    `${await gatewayApiCrds('standard')}/gateway.networking.k8s.io_httproutes.yaml`,
  ];
  const files = crds.flatMap((file) => ['-f', file]);
  await run([...kubectl, 'apply', '--server-side', ...files]);
  await run([...kubectl, 'wait', '--for=condition=Established', '--timeout=60s', ...files]);
}

const namespaceOf = (index: number): string => `team-${index % namespaceCount}`;
const addressOf = (index: number, member: number): string => {
  const position = index * 4 + member;
  return `10.244.${position >> 8}.${position & 255}`;
};

async function writeService(api: KubeApi, index: number): Promise<void> {
  const [namespace, name] = [namespaceOf(index), `svc-${index}`];
  await api.create(resources.serviceAccounts, { metadata: { name, namespace } });
  const service: KubeService = {
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
  };
  await api.create(resources.services, service);
  const members = Array.from({ length: 2 + (index % 3) }, (_, member) => member);
  for (const member of members) await writePod(api, index, member);
  const slice: KubeEndpointSlice = {
    metadata: {
      name: `${name}-abcde`,
      namespace,
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: members.map((member) => ({
      addresses: [addressOf(index, member)],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace, name: podName(index, member) },
      zone: zones[member % zones.length] ?? '',
    })),
  };
  await api.create(resources.endpointSlices, slice);
}

const podName = (index: number, member: number): string => `svc-${index}-${podHash}-m${member}`;

async function writePod(api: KubeApi, index: number, member: number): Promise<void> {
  const app = `svc-${index}`;
  const pod: Written = {
    metadata: {
      name: podName(index, member),
      namespace: namespaceOf(index),
      labels: { app, 'pod-template-hash': podHash },
      // Proxies of another version would be a thousand findings, told one by one while the fleet connects.
      annotations: { [proxyAnnotation]: JSON.stringify({ version, settings: '0' }) },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `${app}-${podHash}`,
          uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
          controller: true,
        },
      ],
    },
    spec: {
      serviceAccountName: app,
      automountServiceAccountToken: false,
      nodeName: `node-${zones[member % zones.length]}`,
      containers: [{ name: 'app', image: 'example.com/app:1', ports: [{ containerPort: 8080 }] }],
    },
  };
  const created = await api.create(resources.pods, pod);
  const address = addressOf(index, member);
  await api.updateStatus(resources.pods, {
    ...created,
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  } as Written);
}

/** A pod of workload W whose proxy connects. */
export interface ProxyPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly serviceAccount: string;
}

export interface Workload {
  /** One per Service. */
  readonly proxies: readonly ProxyPod[];
  readonly services: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly clusterIP: string;
  }[];
}

/** What is there of W, in the same order in every process. */
export async function readWorkload(api: KubeApi): Promise<Workload> {
  const services = await api.list<KubeService>(resources.services, { labelSelector: '!component' });
  const pods = await api.list<KubePod>(resources.pods, { labelSelector: 'app' });
  return {
    services: services.map(({ metadata, spec }) => ({
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      clusterIP: spec?.clusterIP ?? '',
    })),
    proxies: pods
      .filter(({ metadata }) => metadata.name.endsWith('-m0'))
      .map(({ metadata, spec }) => ({
        namespace: metadata.namespace ?? '',
        name: metadata.name,
        uid: metadata.uid ?? '',
        serviceAccount: spec?.serviceAccountName ?? '',
      })),
  };
}
