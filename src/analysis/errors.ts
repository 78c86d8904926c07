/** Everything that analysis can find. One code, one page in docs/errors; a finding says it about one object. */

import { defineErrors } from '../base/errors.ts';
import { trafficErrors } from './errors-traffic.ts';

const otherErrors = defineErrors({
  'WEFT-ANL-50': {
    title: 'Pods on the network of their node stay out of the mesh.',
    remedy: 'Remove hostNetwork, or say that it is meant.',
  },
  'WEFT-ANL-51': {
    title: 'A container that serves a Service has no readiness probe.',
    remedy: 'Add a readinessProbe.',
  },
  'WEFT-ANL-52': {
    title: 'An application listens on the loopback address only.',
    remedy: 'Listen on all addresses.',
  },
  'WEFT-ANL-53': {
    title: 'Pods are killed before their proxy is done draining.',
    remedy: 'Raise terminationGracePeriodSeconds.',
  },
  'WEFT-ANL-54': {
    title: 'A port of a Strict workload is excluded from its proxy.',
    remedy: 'Remove it from exclude-inbound-ports.',
  },
  'WEFT-ANL-55': {
    title: 'All connections of a workload go past its proxy.',
    remedy: 'Name only ranges outside the cluster.',
  },
  'WEFT-ANL-56': {
    title: 'weft.dev/inject is an annotation instead of a label.',
    remedy: 'Write it under labels.',
  },
  'WEFT-ANL-57': {
    title: 'A pod is to have the proxies of two meshes.',
    remedy: 'Switch one of the two off for it.',
  },
  'WEFT-ANL-58': {
    title: 'A workload has the identity of the default ServiceAccount.',
    remedy: 'Give it a ServiceAccount of its own.',
  },
  'WEFT-ANL-59': {
    title: 'Pods have addresses outside the mesh.',
    remedy: 'Add the range of pod addresses to meshCIDRs.',
  },
  'WEFT-ANL-60': {
    title: 'A pod that is to be in the mesh has no proxy.',
    remedy: 'Restart the workload.',
  },
  'WEFT-ANL-61': {
    title: 'A proxy is of another version than the control plane.',
    remedy: 'Restart the workload.',
  },
  'WEFT-ANL-62': {
    title: 'A proxy has settings from before they were changed.',
    remedy: 'Restart the workload.',
  },
  'WEFT-ANL-65': {
    title: 'The pods of a workload are refused.',
    remedy: 'Do what the message says.',
  },
  'WEFT-ANL-66': {
    title: 'The pods of a workload may not come up in the mesh.',
    remedy: 'Do what the message says.',
  },
  'WEFT-ANL-67': {
    title: 'A label or annotation of Weft is on the workload instead of its pods.',
    remedy: 'Move it to the pod template.',
  },
  'WEFT-ANL-68': {
    title: 'The control plane has a single replica.',
    remedy: 'Install with two or more.',
  },
  'WEFT-ANL-70': {
    title: 'The label weft.dev/inject of a namespace has no meaning.',
    remedy: 'Write enabled or disabled.',
  },
  'WEFT-ANL-71': {
    title: 'A namespace has weft.dev/inject as an annotation.',
    remedy: 'Write it as a label.',
  },
  'WEFT-ANL-72': {
    title: 'A namespace whose pods never get a proxy is labelled for the mesh.',
    remedy: 'Remove the label.',
  },
  'WEFT-ANL-73': {
    title: 'The pods of a namespace are to have the proxies of two meshes.',
    remedy: 'Leave one of the two labels.',
  },
  'WEFT-ANL-74': {
    title: 'A setting of pods is written on a namespace.',
    remedy: 'Write it on the pod templates, or in MeshConfig.',
  },
  'WEFT-ANL-80': {
    title: 'A MutualTLSPolicy names targets that do not exist.',
    remedy: 'Name workloads or Services that exist.',
  },
  'WEFT-ANL-81': {
    title: 'A MutualTLSPolicy names a target that does not exist.',
    remedy: 'Remove the target, or correct its name.',
  },
  'WEFT-ANL-82': {
    title: 'A MutualTLSPolicy holds for nothing, because older ones say it already.',
    remedy: 'Remove one of the policies.',
  },
  'WEFT-ANL-83': {
    title: 'A MutualTLSPolicy holds for no workload.',
    remedy: 'Put pods into the mesh, or correct what it names.',
  },
  'WEFT-ANL-84': {
    title: 'A MutualTLSPolicy makes an exception to the mesh.',
    remedy: 'Remove it once it is no longer needed.',
  },
  'WEFT-ANL-85': {
    title: 'A Strict policy cannot hold for pods without a proxy.',
    remedy: 'Put them into the mesh.',
  },
  'WEFT-ANL-86': {
    title: 'An XBackendTrafficPolicy does not hold.',
    remedy: 'Do what the message says.',
  },
  'WEFT-ANL-87': {
    title: 'A TelemetryPolicy does not hold.',
    remedy: 'Do what the message says.',
  },
  'WEFT-ANL-88': {
    title: 'A TelemetryPolicy holds for no workload.',
    remedy: 'Put pods into the mesh, or correct what it names.',
  },
  'WEFT-ANL-89': {
    title: 'Logs or traces would hold secrets of requests.',
    remedy: 'Leave the header out.',
  },
  'WEFT-ANL-90': {
    title: 'A Gateway is of a class that does not exist.',
    remedy: 'Name a GatewayClass that exists.',
  },
  'WEFT-ANL-91': {
    title: 'A Gateway is not accepted.',
    remedy: 'Do what the message says.',
  },
  'WEFT-ANL-92': {
    title: 'A listener is not served.',
    remedy: 'Give it a port and a hostname of its own.',
  },
  'WEFT-ANL-93': {
    title: 'A listener refers to something that does not hold.',
    remedy: 'Create the Secret, or permit the reference.',
  },
  'WEFT-ANL-94': {
    title: 'The certificate that a Gateway shows to its backends does not hold.',
    remedy: 'Name a Secret of type kubernetes.io/tls.',
  },
  'WEFT-ANL-95': {
    title: 'No route is attached to a listener.',
    remedy: 'Attach a route, or remove the listener.',
  },
  'WEFT-ANL-96': {
    title: 'A listener takes routes from no namespace.',
    remedy: 'Label the namespaces, or correct the selector.',
  },
  'WEFT-ANL-97': {
    title: 'Listeners overlap by their certificates or hostnames.',
    remedy: 'Give them certificates whose names do not overlap.',
  },
  'WEFT-ANL-98': {
    title: 'A Gateway lets in clients whose certificates do not hold.',
    remedy: 'Set AllowValidOnly.',
  },
  'WEFT-ANL-99': {
    title: 'A Gateway takes ListenerSets from no namespace.',
    remedy: 'Label the namespaces, or correct the selector.',
  },
  'WEFT-ANL-100': {
    title: 'A GatewayClass is not accepted.',
    remedy: 'Remove its parametersRef.',
  },
  'WEFT-ANL-101': {
    title: 'The installed release of Gateway API is not one that Weft was made for.',
    remedy: 'Install a supported release.',
  },
  'WEFT-ANL-102': {
    title: 'The certificate of a listener has expired.',
    remedy: 'Put a new one into its Secret.',
  },
  'WEFT-ANL-103': {
    title: 'The certificate of a listener expires soon.',
    remedy: 'Renew it.',
  },
  'WEFT-ANL-104': {
    title: 'The certificate of a listener is not for its hostname.',
    remedy: 'Use a certificate with that name.',
  },
  'WEFT-ANL-105': {
    title: 'A ListenerSet has no part in any Gateway.',
    remedy: 'Name a Gateway that takes it.',
  },
  'WEFT-ANL-106': {
    title: 'A BackendTLSPolicy names a Service or port that does not exist.',
    remedy: 'Name a Service of the same namespace.',
  },
  'WEFT-ANL-107': {
    title: 'A BackendTLSPolicy does not hold.',
    remedy: 'Do what the message says.',
  },
  'WEFT-ANL-108': {
    title: 'A ReferenceGrant permits what nobody uses.',
    remedy: 'Remove it.',
  },
  'WEFT-ANL-109': {
    title: 'A Gateway has no address.',
    remedy: 'Let something assign addresses to Services of type LoadBalancer, or use another type.',
  },
  'WEFT-ANL-110': {
    title: 'A MeshConfig has another name than default.',
    remedy: 'Write its settings into MeshConfig default.',
  },
  'WEFT-ANL-111': {
    title: 'The ranges of the mesh lack the addresses of Services.',
    remedy: 'Add the range, or leave meshCIDRs out.',
  },
  'WEFT-ANL-112': {
    title: 'All proxies of the mesh write verbose logs.',
    remedy: 'Set the level on single pods.',
  },
  'WEFT-ANL-113': {
    title: 'Mutual TLS is switched off for the whole mesh.',
    remedy: 'Set Permissive.',
  },
  'WEFT-ANL-114': {
    title: 'Workloads of the mesh accept plain connections too.',
    remedy: 'Set Strict once all callers are in the mesh.',
  },
  'WEFT-ANL-115': {
    title: 'All proxies of the mesh run many threads.',
    remedy: 'Set 1 or 2, and more on single workloads.',
  },
  'WEFT-ANL-116': {
    title: 'Proxies drain longer than pods may take to end.',
    remedy: 'Set drainSeconds well below 30.',
  },
  'WEFT-ANL-117': {
    title: 'The memory limit of proxies is too small.',
    remedy: 'Set 128Mi or more.',
  },
  'WEFT-ANL-118': {
    title: 'Every request of the mesh is traced.',
    remedy: 'Set 1 percent.',
  },
  'WEFT-ANL-119': {
    title: 'Telemetry is sent to a provider that does not exist.',
    remedy: 'Add the provider, or correct its Service.',
  },
  'WEFT-ANL-120': {
    title: 'A CertificateAuthority has another name than default.',
    remedy: 'Write its lifetimes into the one named default.',
  },
  'WEFT-ANL-121': {
    title: 'The root of the mesh has expired.',
    remedy: 'Make a new root.',
  },
  'WEFT-ANL-122': {
    title: 'The root of the mesh expires soon.',
    remedy: 'Plan its change now.',
  },
  'WEFT-ANL-123': {
    title: 'The lifetimes of certificates do not fit together.',
    remedy: 'Let what signs live three times as long as what it signs.',
  },
  'WEFT-ANL-130': {
    title: 'An object does not have the form of its kind.',
    remedy: 'Have the API server look at it.',
  },
  'WEFT-ANL-131': {
    title: 'A file is neither YAML nor JSON.',
    remedy: 'Correct the place that the message names.',
  },
});

export const analysisErrors = { ...trafficErrors, ...otherErrors };
