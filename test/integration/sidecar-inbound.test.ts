/** What becomes of connections to a pod of the mesh, by who speaks first and when; on the real Envoy, without Kubernetes. */

import { inOwnNamespaces } from './sidecar/own-namespaces.ts';

await inOwnNamespaces(import.meta.filename, () => import('./sidecar/inbound-cases.ts'));
