/** The configuration files of a node: what containerd, CNI, the kubelet, kube-proxy and CoreDNS are told. Pure. */

import type { Addresses } from './addresses.ts';

export const nodeName = 'node-1';
export const pauseImageName = 'localhost/weft/pause:1';

export interface NodePlace {
  readonly directory: string;
  readonly addresses: Addresses;
  /** Cgroup under which all pods of this cluster run, e.g. `/weft-demo`. */
  readonly cgroupRoot: string;
  /** Where the CNI plugins are. */
  readonly cniDirectory: string;
}

export function containerdSocket(directory: string): string {
  return `${directory}/run/containerd.sock`;
}

/** Files by path relative to the cluster's folder. */
export function nodeFiles(place: NodePlace): Readonly<Record<string, string>> {
  return {
    'containerd.toml': containerdConfig(place),
    'cni/10-weft.conflist': `${JSON.stringify(networkConfig(place), null, 2)}\n`,
    'kubelet.yaml': `${JSON.stringify(kubeletConfig(place), null, 2)}\n`,
    'kube-proxy.yaml': `${JSON.stringify(proxyConfig(place), null, 2)}\n`,
    // Pods get the cluster's DNS by the kubelet; the node itself resolves nothing.
    'resolv.conf': 'nameserver 127.0.0.1\n',
    Corefile: corefile(place),
  };
}

function containerdConfig({ directory, cniDirectory }: NodePlace): string {
  return `version = 2
root = "${directory}/containerd"
state = "${directory}/run/containerd"
# opt would create folders under /opt; the snapshotters are for file systems that are not used here.
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "${containerdSocket(directory)}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImageName}"
  # Lowering oom_score_adj needs CAP_SYS_RESOURCE; without this every sandbox fails where it is missing.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniDirectory}"
    conf_dir = "${directory}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

function networkConfig({ directory, addresses }: NodePlace): object {
  const ipam = {
    type: 'host-local',
    dataDir: `${directory}/ipam`,
    ranges: [[{ subnet: addresses.podCidr }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: false, hairpinMode: true, ipam };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  return { cniVersion: '0.4.0', name: 'weft', plugins: [bridge, portmap] };
}

function kubeletConfig({ directory, addresses, cgroupRoot }: NodePlace): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    enforceNodeAllocatable: [],
    containerRuntimeEndpoint: `unix://${containerdSocket(directory)}`,
    failSwapOn: false,
    oomScoreAdj: 0,
    syncFrequency: '10s',
    serializeImagePulls: false,
    clusterDNS: [addresses.node],
    clusterDomain: 'cluster.local',
    resolvConf: `${directory}/resolv.conf`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${directory}/pki/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'nodefs.inodesFree': '1%',
      'imagefs.available': '1%',
    },
    // Images are loaded by hand and could not be pulled again.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    maxPods: 250,
  };
}

function proxyConfig({ directory, addresses }: NodePlace): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig: `${directory}/proxy.kubeconfig` },
    clusterCIDR: addresses.podCidr,
    hostnameOverride: nodeName,
    oomScoreAdj: 0,
    // The host's limit is not this namespace's to change.
    conntrack: { maxPerCore: 0, min: 0 },
  };
}

function corefile({ directory, addresses }: NodePlace): string {
  return `cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
  bind ${addresses.node}
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${directory}/dns.kubeconfig
    pods insecure
    ttl 2
  }
  cache 2
}
# There is no other name server to ask: say so at once instead of refusing.
.:53 {
  bind ${addresses.node}
  template ANY ANY . {
    rcode NXDOMAIN
  }
}
`;
}
