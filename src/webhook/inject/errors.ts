/** Why a pod is refused or left alone, and what is wrong with its settings. One code, one page in docs/errors. */

import { defineErrors } from '../../base/errors.ts';

export const podErrors = defineErrors({
  'WEFT-POD-01': {
    title: 'The pod uses the network of its node, where traffic cannot be captured for one pod alone.',
    remedy: 'Remove hostNetwork, or label the pod weft.dev/inject: disabled.',
  },
  'WEFT-POD-02': {
    title: 'The pod or its namespace did not ask for a proxy, or the pod declined it.',
    remedy: 'Label the namespace or the pod weft.dev/inject: enabled.',
  },
  'WEFT-POD-03': {
    title: 'The label weft.dev/inject has a value that means nothing.',
    remedy: 'Write enabled or disabled.',
  },
  'WEFT-POD-04': {
    title: 'The pod belongs to the namespace of the control plane, which never depends on its own mesh.',
    remedy: 'Run the workload in a namespace of its own.',
  },
  'WEFT-POD-05': {
    title: 'The pod runs on Windows, where there is neither nftables nor the proxy.',
    remedy: 'Label the pod weft.dev/inject: disabled.',
  },
  'WEFT-POD-06': {
    title:
      'A container of the application runs as a user of the range 1337000000 to 1337999999, so its traffic could bypass the mesh.',
    remedy: 'Give the container another runAsUser.',
  },
  'WEFT-POD-07': {
    title: 'The pod has a container or a volume by a name that Weft gives to its own.',
    remedy: 'Rename it; names beginning with weft- are taken.',
  },
  'WEFT-POD-08': {
    title: 'A container declares a port that the proxy listens on.',
    remedy: 'Let the application listen elsewhere; 15001, 15006, 15020 and 15021 are taken.',
  },
  'WEFT-POD-09': {
    title: 'A proxy.weft.dev annotation is unknown or has an impossible value.',
    remedy: 'docs/pod.md lists every setting with its range.',
  },
  'WEFT-POD-10': {
    title: 'What an earlier injection recorded about the pod cannot be read back.',
    remedy: 'Inject the original manifest, without anything of Weft in it.',
  },
  'WEFT-POD-11': {
    title: 'The pod does not use the DNS of the cluster, so its proxy may not find the control plane.',
    remedy:
      'Use dnsPolicy ClusterFirst, or let dnsConfig name servers that know the Services of the cluster.',
  },
  'WEFT-POD-12': {
    title: 'The pod is the mirror of a static pod, which its node already runs and nobody can change.',
    remedy: 'Run the workload through a Deployment or DaemonSet to have it in the mesh.',
  },
  'WEFT-POD-13': {
    title: 'The identity of the workload cannot be provided on this cluster as it is set up.',
    remedy: 'Wait until the control plane has published its trust roots, then create the pod again.',
  },
});
