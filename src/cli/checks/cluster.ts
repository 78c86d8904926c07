/** Checks of the cluster itself: what it is, what it can do, whether Weft may be installed in it. */

import {
  mutatingWebhookConfigurations,
  serviceCIDRs,
  validatingWebhookConfigurations,
} from '../../kube/resources.ts';
import type { WebhookConfiguration } from '../../controllers/objects.ts';
import { webhookObjectName } from '../../controllers/webhook-objects.ts';
import { failed, ok, type Verdict, warning } from './check.ts';
import type { Facts } from './facts.ts';

export async function kubernetesApi({ context, review }: Facts): Promise<Verdict> {
  const { gitVersion } = await context.api.request<{ readonly gitVersion: string }>('GET', '/version');
  const { username } = await review();
  return ok(`${gitVersion} answers; you are ${username}`);
}

/** The API server only tells whole seconds, and an answer takes a moment: less than this is not worth a word. */
const toleratedSkewMs = 5_000;

export async function clock({ review }: Facts): Promise<Verdict> {
  const { serverTimeMs, localTimeMs } = await review();
  // Cut off, not rounded: on average half a second is missing.
  const skewMs = localTimeMs - (serverTimeMs + 500);
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= toleratedSkewMs) return ok('this machine and the API server agree on the time');
  return warning(`this machine is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the API server`);
}

/** By discovery and by trying, never by version: a managed cluster may switch features off. */
export async function kubernetesFeatures({ context, podCertificates }: Facts): Promise<Verdict> {
  if (!(await hasNativeSidecars(context.api))) {
    return failed('the cluster does not have all that Weft needs', ['native sidecars (SidecarContainers)']);
  }
  return (await podCertificates())
    ? ok('native sidecars are there, and kubelets make identities (PodCertificateRequest)')
    : ok(
        'native sidecars are there; no PodCertificateRequest, so Weft makes identities and sends them over SDS',
      );
}

/**
 * ServiceCIDR became generally available in the very release in which native sidecars can no longer be switched
 * off. Before it, the API server drops the field where the feature is off, which a dry run shows.
 */
async function hasNativeSidecars(api: Facts['context']['api']): Promise<boolean> {
  if (await api.serves(serviceCIDRs)) return true;
  const container = { name: 'sidecar', image: 'sidecar', restartPolicy: 'Always' };
  const created = await api.request<{ readonly spec: { readonly initContainers?: readonly object[] } }>(
    'POST',
    '/api/v1/namespaces/default/pods',
    {
      query: { dryRun: 'All' },
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { generateName: 'weft-check-', labels: { 'weft.dev/inject': 'disabled' } },
        spec: { initContainers: [container], containers: [{ name: 'app', image: 'app' }] },
      },
    },
  );
  return created.spec.initContainers?.some((one) => 'restartPolicy' in one) ?? false;
}

interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespaced?: true;
}

/** What `helm install` does with the chart. `escalate`: the ClusterRole grants what few users hold themselves. */
const permissions: readonly Permission[] = [
  { verb: 'create', group: '', resource: 'namespaces' },
  { verb: 'create', group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' },
  { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  { verb: 'escalate', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings' },
  { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'roles', namespaced: true },
  { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'rolebindings', namespaced: true },
  { verb: 'create', group: 'apps', resource: 'deployments', namespaced: true },
  { verb: 'create', group: 'policy', resource: 'poddisruptionbudgets', namespaced: true },
  { verb: 'create', group: '', resource: 'services', namespaced: true },
  { verb: 'create', group: '', resource: 'serviceaccounts', namespaced: true },
  { verb: 'create', group: '', resource: 'secrets', namespaced: true },
];

export async function permissionsToInstall({ context }: Facts): Promise<Verdict> {
  const { api, weftNamespace } = context;
  const asked = await Promise.all(
    permissions.map(async ({ verb, group, resource, namespaced }) => {
      const namespace = namespaced === true ? weftNamespace : undefined;
      const { status } = await api.request<{ readonly status: { readonly allowed: boolean } }>(
        'POST',
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        {
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: { resourceAttributes: { verb, group, resource, namespace } },
          },
        },
      );
      const where = namespace === undefined ? '' : ` in ${namespace}`;
      return status.allowed ? [] : [`${verb} ${resource}${group === '' ? '' : `.${group}`}${where}`];
    }),
  );
  const refused = asked.flat();
  if (refused.length === 0) return ok('you may install Weft');
  return failed(`you lack ${refused.length} of ${permissions.length} permissions`, refused);
}

/** Webhooks that fail closed and lead nowhere keep every pod of the mesh from starting. */
export async function leftovers({ context: { api } }: Facts): Promise<Verdict> {
  const left: string[] = [];
  for (const type of [mutatingWebhookConfigurations, validatingWebhookConfigurations]) {
    const found = await api.get<WebhookConfiguration>(type, webhookObjectName);
    if (found === undefined) continue;
    const namespace = found.webhooks?.[0]?.clientConfig.service.namespace ?? '?';
    left.push(`${type.kind} ${webhookObjectName}, which leads to namespace ${namespace}`);
  }
  if (left.length === 0) return ok('nothing is left of an earlier installation');
  return failed('there are webhooks without a control plane; they would block pods of the mesh', left);
}
