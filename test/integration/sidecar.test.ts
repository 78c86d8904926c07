/**
 * The sidecar as the webhook makes it, on the real Envoy with the real packet rules, without Kubernetes: a "pod" is a
 * network namespace, the "kubelet" is this process in another one.
 */

import { inOwnNamespaces } from './sidecar/own-namespaces.ts';

await inOwnNamespaces(import.meta.filename, () => import('./sidecar/cases.ts'));
