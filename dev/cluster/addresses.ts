/**
 * The addresses of a local cluster, all derived from its index, so that several stand side by side. What is in a
 * node's namespace has no way off the machine; the host reaches it by the routes given here.
 */

export interface Addresses {
  /** 0 to 15. */
  readonly index: number;
  /** The host's end of the link to the node. */
  readonly hostLink: string;
  readonly host: string;
  /** The node's only address; API server, kubelet and DNS listen on it. */
  readonly node: string;
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** The ClusterIP of `kubernetes.default`. */
  readonly apiService: string;
  /** Addresses for Services of type LoadBalancer. */
  readonly loadBalancerCidr: string;
  /** One of them that a Service gets when it asks for it, and never otherwise. */
  readonly staticAddress: string;
  /** One of them that no Service ever gets. */
  readonly refusedAddress: string;
}

/** As many /20s as fit between 10.96.0.0 and 10.97.0.0. */
export const maxClusters = 16;

export function addressesOf(index: number): Addresses {
  if (!Number.isInteger(index) || index < 0 || index >= maxClusters)
    throw new RangeError(`no cluster index: ${index}`);
  return {
    index,
    hostLink: `weft${index}`,
    host: `198.51.100.${index * 4 + 1}`,
    node: `198.51.100.${index * 4 + 2}`,
    podCidr: `10.244.${index}.0/24`,
    serviceCidr: `10.96.${index * 16}.0/20`,
    apiService: `10.96.${index * 16}.1`,
    loadBalancerCidr: `198.18.${index}.0/24`,
    staticAddress: `198.18.${index}.10`,
    refusedAddress: `198.18.${index}.1`,
  };
}

/** What the load balancer gives out by itself. */
export function poolAddresses({ index }: Addresses): readonly string[] {
  return Array.from({ length: 223 }, (_, step) => `198.18.${index}.${step + 32}`);
}

/** What it gives out besides, to Services that name it. */
export function staticPoolAddresses({ index }: Addresses): readonly string[] {
  return Array.from({ length: 22 }, (_, step) => `198.18.${index}.${step + 10}`);
}

/** Commands for `ip -batch` on the host, once the link exists. */
export function hostCommands(addresses: Addresses): string {
  const { hostLink, host, node } = addresses;
  const routes = [addresses.podCidr, addresses.serviceCidr, addresses.loadBalancerCidr];
  return [
    `addr add ${host}/30 dev ${hostLink}`,
    `link set ${hostLink} up`,
    ...routes.map((route) => `route add ${route} via ${node} dev ${hostLink}`),
    '',
  ].join('\n');
}

/** Commands for `ip -batch` inside the node's network namespace. There is no default route: nothing leaves the machine. */
export function nodeCommands(addresses: Addresses): string {
  const routes = [addresses.serviceCidr, addresses.loadBalancerCidr];
  return [
    'link set lo up',
    `addr add ${addresses.node}/30 dev eth0`,
    'link set eth0 up',
    // The node's own traffic to a ClusterIP needs a route before kube-proxy's rules can rewrite it.
    ...routes.map((route) => `route add ${route} dev eth0`),
    '',
  ].join('\n');
}
