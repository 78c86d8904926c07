/** The command line of every component. Pure: from where things are to an argument list. */

import { join } from 'node:path';

/** Where a control plane lives and listens. */
export interface ControlPlane {
  /** Folder with pki/, the kubeconfigs and log/. */
  readonly directory: string;
  readonly address: string;
  readonly securePort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly serviceCidr: string;
  /** A Kubernetes minor release to behave as, e.g. `1.36`. */
  readonly emulate: string | undefined;
}

function emulation(plane: ControlPlane): readonly string[] {
  return plane.emulate === undefined ? [] : [`--emulated-version=${plane.emulate}`];
}

export function etcdArguments(plane: ControlPlane): readonly string[] {
  const client = `http://127.0.0.1:${plane.etcdPort}`;
  const peer = `http://127.0.0.1:${plane.etcdPeerPort}`;
  return [
    `--data-dir=${join(plane.directory, 'etcd')}`,
    // The data need not survive the machine, and syncing is what makes etcd slow.
    '--unsafe-no-fsync',
    // As kubeadm does: without it the API server has no bookmarks for kinds that never change, and watches fall silent.
    '--watch-progress-notify-interval=5s',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--log-level=warn',
  ];
}

/** The API server refuses to advertise loopback; one that only listens there is not looked for as a Service either. */
function advertisement(plane: ControlPlane): readonly string[] {
  if (!plane.address.startsWith('127.')) return [`--advertise-address=${plane.address}`];
  return ['--advertise-address=192.0.2.1', '--endpoint-reconciler-type=none'];
}

export function apiServerArguments(plane: ControlPlane): readonly string[] {
  const pki = (name: string): string => join(plane.directory, 'pki', name);
  return [
    `--etcd-servers=http://127.0.0.1:${plane.etcdPort}`,
    ...advertisement(plane),
    `--bind-address=${plane.address}`,
    `--secure-port=${plane.securePort}`,
    `--service-cluster-ip-range=${plane.serviceCidr}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${pki('token.pub')}`,
    `--service-account-signing-key-file=${pki('token.key')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
    `--kubelet-client-key=${pki('kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--allow-privileged=true',
    // The aggregation layer: extension API servers in the cluster.
    `--requestheader-client-ca-file=${pki('ca.crt')}`,
    '--requestheader-allowed-names=front-proxy',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${pki('front-proxy.crt')}`,
    `--proxy-client-key-file=${pki('front-proxy.key')}`,
    '--enable-aggregator-routing=true',
    `--audit-policy-file=${join(plane.directory, 'audit-policy.yaml')}`,
    `--audit-log-path=${join(plane.directory, 'log', 'audit.log')}`,
    ...emulation(plane),
  ];
}

/** What the admission of pods was answered, with the annotations webhooks leave; nothing else is worth the disk. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    verbs: [create]
    resources: [{group: "", resources: [pods]}]
  - level: None
`;

export function controllerManagerArguments(plane: ControlPlane): readonly string[] {
  const pki = (name: string): string => join(plane.directory, 'pki', name);
  return [
    `--kubeconfig=${join(plane.directory, 'controller-manager.kubeconfig')}`,
    `--service-account-private-key-file=${pki('token.key')}`,
    `--root-ca-file=${pki('ca.crt')}`,
    '--use-service-account-credentials',
    '--controllers=*',
    '--leader-elect=false',
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
    '--kube-api-qps=300',
    '--kube-api-burst=600',
    '--bind-address=127.0.0.1',
    ...emulation(plane),
  ];
}

export function schedulerArguments(plane: ControlPlane): readonly string[] {
  return [
    `--kubeconfig=${join(plane.directory, 'scheduler.kubeconfig')}`,
    '--leader-elect=false',
    '--kube-api-qps=300',
    '--kube-api-burst=600',
    '--bind-address=127.0.0.1',
    ...emulation(plane),
  ];
}

export function kubeletArguments(directory: string, nodeName: string, address: string): readonly string[] {
  return [
    `--config=${join(directory, 'kubelet.yaml')}`,
    `--kubeconfig=${join(directory, 'node.kubeconfig')}`,
    `--root-dir=${join(directory, 'kubelet')}`,
    `--cert-dir=${join(directory, 'kubelet', 'pki')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${address}`,
    '--node-labels=topology.kubernetes.io/region=local,topology.kubernetes.io/zone=local-a',
  ];
}
