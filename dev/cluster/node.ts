/** Brings up a whole node inside its box, step by step. Used by the keeper. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tryRun } from '../command.ts';
import { loadImage } from '../images/load.ts';
import type { Addresses } from './addresses.ts';
import { ApiClient } from './api.ts';
import {
  type ControlPlane,
  controllerManagerArguments,
  kubeletArguments,
  schedulerArguments,
} from './components.ts';
import { startControlPlane, until } from './control-plane.ts';
import { writeCredentials } from './credentials.ts';
import { runLoadBalancer } from './load-balancer.ts';
import { containerdSocket, nodeFiles, nodeName } from './node-files.ts';
import type { ClusterPlan } from './plan.ts';
import type { Supervisor } from './supervisor.ts';

/** What CoreDNS reads. */
const dnsRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'weft:dns' },
  rules: [
    { apiGroups: [''], resources: ['services', 'namespaces', 'pods'], verbs: ['list', 'watch'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  ],
};

const dnsBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'weft:dns' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'weft:dns' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'weft:dns' }],
};

/** Folders that must exist before the box is opened. */
export async function writeNodeFiles(
  plan: ClusterPlan,
  directory: string,
  addresses: Addresses,
): Promise<void> {
  for (const folder of ['log', 'run', 'var-log', 'kubelet'])
    await mkdir(join(directory, folder), { recursive: true });
  const place = { directory, addresses, cgroupRoot: `/weft-${plan.name}`, cniDirectory: plan.cniDirectory };
  for (const [path, content] of Object.entries(nodeFiles(place))) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

/** Starts every component and resolves when the node is ready for pods; the load balancer goes on until the cluster ends. */
export async function startNode(
  plan: ClusterPlan,
  directory: string,
  addresses: Addresses,
  supervisor: Supervisor,
): Promise<void> {
  const plane: ControlPlane = {
    directory,
    address: addresses.node,
    securePort: 6443,
    etcdPort: 2379,
    etcdPeerPort: 2380,
    serviceCidr: addresses.serviceCidr,
    emulate: plan.emulate,
  };
  const credentials = await writeCredentials(plan.name, plane, addresses.apiService, nodeName);
  const api = new ApiClient(credentials);
  try {
    const imported = startContainerd(plan, directory, supervisor);
    // Its failure is awaited below; until then it must not count as unhandled.
    imported.catch(() => {});
    await startControlPlane(plane, plan.programs, supervisor, api);
    supervisor.start('kube-controller-manager', [
      plan.programs['kube-controller-manager'],
      ...controllerManagerArguments(plane),
    ]);
    supervisor.start('kube-scheduler', [plan.programs['kube-scheduler'], ...schedulerArguments(plane)]);
    await imported;
    supervisor.start('kubelet', [
      plan.programs.kubelet,
      ...kubeletArguments(directory, nodeName, addresses.node),
    ]);
    supervisor.start('kube-proxy', [
      plan.programs['kube-proxy'],
      `--config=${join(directory, 'kube-proxy.yaml')}`,
    ]);
    await api.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', dnsRole);
    await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', dnsBinding);
    supervisor.start('coredns', [plan.programs.coredns, '-conf', join(directory, 'Corefile')]);
    await until('the node becomes ready', supervisor, 'kubelet', () => isNodeReady(api));
    // Pods cannot be created before their namespace has its default ServiceAccount.
    const account = '/api/v1/namespaces/default/serviceaccounts/default';
    await until('the default ServiceAccount is there', supervisor, 'kube-controller-manager', () =>
      api.exists(account),
    );
  } catch (error) {
    api.close();
    throw error;
  }
  void runLoadBalancer(api, addresses, supervisor.log, supervisor.signal).finally(() => api.close());
}

async function startContainerd(plan: ClusterPlan, directory: string, supervisor: Supervisor): Promise<void> {
  const control = ['ctr', '--address', containerdSocket(directory), '--namespace', 'k8s.io'];
  supervisor.start('containerd', ['containerd', '--config', join(directory, 'containerd.toml')]);
  const answers = async (): Promise<boolean> => (await tryRun([...control, 'version'])).code === 0;
  await until('containerd answers', supervisor, 'containerd', answers);
  await loadImage(containerdSocket(directory), plan.pauseImage);
}

async function isNodeReady(api: ApiClient): Promise<boolean> {
  const answer = await api.send('GET', `/api/v1/nodes/${nodeName}`);
  if (answer.status !== 200) return false;
  const node = JSON.parse(answer.body) as { status?: { conditions?: { type: string; status: string }[] } };
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
