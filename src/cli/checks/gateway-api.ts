/** Which kinds of Gateway API the cluster serves: what is missing is switched off, and this is where people see it. */

import { isKubeError } from '../../kube/errors.ts';
import * as resources from '../../kube/resources.ts';
import type { KubeObject } from '../../kube/types.ts';
import { ok, type Verdict, warning } from './check.ts';
import type { Facts } from './facts.ts';

const bundleVersionAnnotation = 'gateway.networking.k8s.io/bundle-version';
const channelAnnotation = 'gateway.networking.k8s.io/channel';

/** Of the standard channel. */
const standardKinds = [
  resources.gatewayClasses,
  resources.gateways,
  resources.listenerSets,
  resources.httpRoutes,
  resources.grpcRoutes,
  resources.tlsRoutes,
  resources.tcpRoutes,
  resources.udpRoutes,
  resources.referenceGrants,
  resources.backendTLSPolicies,
];

/** Weft works without it; there are no gateways and no routes then. */
export async function gatewayApi({ context: { api } }: Facts): Promise<Verdict> {
  const served = await Promise.all(standardKinds.map((type) => api.serves(type)));
  const missing = standardKinds.filter((_, i) => !served[i]);
  if (missing.includes(resources.httpRoutes))
    return warning('HTTPRoute is not served: there can be no routes');
  const release = await describeRelease(api);
  if (missing.length > 0) {
    const kinds = missing.map(({ kind, version }) => `${kind} ${version}`);
    return warning(`${release}: without kinds that Weft knows, which are switched off`, kinds);
  }
  if (await api.serves(resources.backendTrafficPolicies)) return ok(release);
  return ok(
    `${release}; retries, sessions, external authorization and XBackendTrafficPolicy are experimental`,
  );
}

async function describeRelease(api: Facts['context']['api']): Promise<string> {
  const name = resources.resourceNameOf(resources.httpRoutes);
  const definition = await api
    .get<KubeObject>(resources.customResourceDefinitions, name)
    .catch((error: unknown) => {
      if (isKubeError(error, 403)) return undefined;
      throw error;
    });
  if (definition === undefined) return 'Gateway API is served';
  const annotations = definition.metadata.annotations ?? {};
  const version = annotations[bundleVersionAnnotation] ?? 'of unknown version';
  const channel = annotations[channelAnnotation] ?? 'unknown';
  return `Gateway API ${version}, ${channel} channel`;
}
