/** One code per check; a check that does not pass carries it, with what to do. */

import { defineErrors } from '../../base/errors.ts';

export const checkErrors = defineErrors({
  'WEFT-CHECK-01': {
    title: 'The Kubernetes API cannot be used.',
    remedy: 'Look at --kubeconfig and --context, and whether `kubectl version` gets an answer.',
  },
  'WEFT-CHECK-02': {
    title: 'Clocks differ.',
    remedy:
      'Synchronise the clocks by NTP: certificates are only valid by the clock of whoever looks at them.',
  },
  'WEFT-CHECK-03': {
    title: 'The cluster lacks a feature that Weft needs.',
    remedy: 'Upgrade Kubernetes, or leave on the feature gates that the page of this code lists.',
  },
  'WEFT-CHECK-04': {
    title: 'The Gateway API is not installed, or an old release of it.',
    remedy: 'Install its CustomResourceDefinitions, v1.6; Weft takes them up without a restart.',
  },
  'WEFT-CHECK-05': {
    title: 'You may not do everything that an installation does.',
    remedy: 'Let an administrator of the cluster install Weft, or ask for what is listed.',
  },
  'WEFT-CHECK-06': {
    title: 'Something is left of an earlier installation that stands in the way.',
    remedy: 'Delete the webhook configurations named weft, or install Weft again.',
  },
  'WEFT-CHECK-07': {
    title: "Weft's own kinds are not served.",
    remedy: 'Install the chart with crds.install=true, or apply the files of crds/ yourself.',
  },
  'WEFT-CHECK-08': {
    title: 'The control plane is not completely there.',
    remedy: 'Look at `kubectl describe` and `kubectl logs` of its pods.',
  },
  'WEFT-CHECK-09': {
    title: 'Not every replica of the control plane answers.',
    remedy: 'Look at the logs of the replica that the message names.',
  },
  'WEFT-CHECK-10': {
    title: 'The replicas do not agree on who leads.',
    remedy: 'Wait half a minute for an election; then look at the logs of the replicas.',
  },
  'WEFT-CHECK-11': {
    title: 'The settings of the mesh are not in use.',
    remedy: 'Look at the status of MeshConfig default; the message says which field is wrong.',
  },
  'WEFT-CHECK-12': {
    title: 'The certificate authority does not sign, or will not for long.',
    remedy: 'Look at the status and the Events of CertificateAuthority default.',
  },
  'WEFT-CHECK-13': {
    title: 'The trust bundle is not that of the authority.',
    remedy:
      'The control plane corrects it within seconds; where it does not, look at the log of the replica that leads.',
  },
  'WEFT-CHECK-14': {
    title: 'The webhooks do not work as they should.',
    remedy:
      'The control plane corrects them within seconds; see that the API server can reach its pods on port 9443.',
  },
  'WEFT-CHECK-15': {
    title: 'Requests for certificates are refused or not answered.',
    remedy:
      'A refused request is final for its pod: mend the cause that the message names, then delete the pod.',
  },
  'WEFT-CHECK-16': {
    title: 'Pods of the mesh run without a proxy.',
    remedy:
      'Restart them, for example with `kubectl rollout restart`; label those that are to stay out weft.dev/inject: disabled.',
  },
  'WEFT-CHECK-17': {
    title: 'Proxies are not connected, or do not have what they should.',
    remedy:
      'Look at `weft status`, at the logs of the container weft-proxy, and at whether the pod reaches the Service weft.',
  },
  'WEFT-CHECK-18': {
    title: 'Proxies were made by another version of Weft or with other settings.',
    remedy: 'They keep working; restart their workloads when it suits you.',
  },
  'WEFT-CHECK-19': {
    title: 'Certificates of workloads are not renewed in time.',
    remedy:
      'Look at the kubelet of the node on which the pod runs; restarting the pod gets it a new certificate.',
  },
  'WEFT-CHECK-20': {
    title: 'A Gateway is not in force.',
    remedy:
      'Look at the status of the Gateway: its conditions say what is missing, and whose business that is.',
  },
  'WEFT-CHECK-21': {
    title: 'The observability API is not reached through the API server.',
    remedy:
      'See that the API server can reach the control plane at port 9444 of its pods; `kubectl get apiservice v1alpha1.observe.weft.dev` says what it sees.',
  },
});
