/** Checks of what the mesh trusts: authority, bundle, webhooks, and the certificates that are asked for. */

import { X509Certificate } from 'node:crypto';
import { injectLabel, sidecarContainer, signerName } from '../../base/names.ts';
import { authoritySecretName } from '../../controllers/authority-secret.ts';
import { covers } from '../../controllers/covers.ts';
import type { Webhook, WebhookConfiguration } from '../../controllers/objects.ts';
import {
  mutatingConfiguration,
  validatingConfiguration,
  webhookObjectName,
} from '../../controllers/webhook-objects.ts';
import { isKubeError } from '../../kube/errors.ts';
import {
  mutatingWebhookConfigurations,
  pathOf,
  podCertificateRequests,
  pods,
  secrets,
  validatingWebhookConfigurations,
} from '../../kube/resources.ts';
import type { Condition, KubeObject } from '../../kube/types.ts';
import { formatAge } from '../output.ts';
import { failed, ok, type Verdict, warning } from './check.ts';
import type { Facts } from './facts.ts';

export async function authority(facts: Facts): Promise<Verdict> {
  const found = await facts.authority();
  const ready = found?.status?.conditions?.find(({ type }) => type === 'Ready');
  if (found === undefined || ready === undefined) return failed('there is no certificate authority yet');
  if (!(await hasSecret(facts))) return failed(`the Secret ${authoritySecretName} with its keys is gone`);
  if (ready.status !== 'True') return failed(ready.message);
  // True with another reason: it signs, and something is on its way to go wrong.
  if (ready.reason !== 'Ready') return warning(ready.message);
  const { serverTimeMs } = await facts.review();
  const left = (notAfter: string | undefined): string => formatAge(Date.parse(notAfter ?? '') - serverTimeMs);
  const { root, intermediate, issued = 0 } = found.status ?? {};
  return ok(
    `root valid for ${left(root?.notAfter)}, intermediate for ${left(intermediate?.notAfter)}, ${issued} requests for certificates signed`,
  );
}

const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** Asks for its metadata, so that no key ever leaves the API server. */
async function hasSecret({ context: { api, weftNamespace } }: Facts): Promise<boolean> {
  const path = pathOf(secrets, { namespace: weftNamespace, name: authoritySecretName });
  try {
    const response = await api.stream(path, { accept: metadataOnly });
    response.destroy();
    return true;
  } catch (error) {
    if (isKubeError(error, 404)) return false;
    // Few may read Secrets, even their names; the authority's status says the rest.
    if (isKubeError(error, 403)) return true;
    throw error;
  }
}

/** The roots of the mesh as pods get them: from the kubelet, or from the control plane. */
async function meshRoots(facts: Facts): Promise<string | undefined> {
  if (await facts.podCertificates()) return (await facts.trustBundle())?.spec.trustBundle;
  return (await facts.injection())?.trustRoots;
}

export async function trustBundle(facts: Facts): Promise<Verdict> {
  const bundle = await meshRoots(facts);
  if (bundle === undefined) {
    return failed(
      (await facts.podCertificates())
        ? 'there is no ClusterTrustBundle'
        : 'the control plane gives pods no roots to trust',
    );
  }
  const root = await rootFingerprint(facts);
  const roots = fingerprints(bundle);
  if (root === undefined || !roots.includes(root)) return failed('it lacks the root of the authority');
  return ok(`it holds the root of the authority${roots.length > 1 ? ` and ${roots.length - 1} more` : ''}`);
}

async function rootFingerprint(facts: Facts): Promise<string | undefined> {
  return (await facts.authority())?.status?.root?.fingerprint;
}

/** SHA-256 of each certificate in a text of PEM, as in the authority's status. */
function fingerprints(pem: string): readonly string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).fingerprint256);
}

export async function webhooks(facts: Facts): Promise<Verdict> {
  const { api, weftNamespace: namespace } = facts.context;
  const bundle = (await meshRoots(facts)) ?? '';
  const owner = { apiVersion: '', kind: '', name: '', uid: '' };
  const options = { namespace, serviceName: 'weft', trustBundle: bundle, owner };
  const wrong: string[] = [];
  for (const [type, wanted] of [
    [mutatingWebhookConfigurations, mutatingConfiguration(options)],
    [validatingWebhookConfigurations, validatingConfiguration(options)],
  ] as const) {
    const found = await api.get<WebhookConfiguration>(type, webhookObjectName);
    if (found === undefined) wrong.push(`${type.kind} ${webhookObjectName} does not exist`);
    else wrong.push(...differences(found.webhooks ?? [], wanted.webhooks ?? []));
  }
  if (wrong.length > 0) return failed('the webhook configurations are not as they should be', wrong);
  return tryInjection(facts);
}

function differences(found: readonly Webhook[], wanted: readonly Webhook[]): readonly string[] {
  return wanted.flatMap((webhook) => {
    const same = found.find(({ name }) => name === webhook.name);
    if (same === undefined) return [`${webhook.name} is missing`];
    return Object.entries(webhook)
      .filter(([field, value]) => !covers(same[field as keyof Webhook], value))
      .map(([field]) => `${webhook.name} differs in ${field}`);
  });
}

/** The only proof that the API server reaches the webhook and believes its certificate: a pod, in a dry run. */
async function tryInjection({ context: { api } }: Facts): Promise<Verdict> {
  try {
    const pod = await api.request<{
      readonly spec: { readonly initContainers?: readonly { name: string }[] };
    }>('POST', pathOf(pods, { namespace: 'default' }), { query: { dryRun: 'All' }, body: trialPod });
    const isInjected = pod.spec.initContainers?.some(({ name }) => name === sidecarContainer) === true;
    return isInjected
      ? ok('they are as they should be, and a pod in a dry run got its proxy')
      : failed('they are as they should be, but a pod in a dry run got no proxy');
  } catch (error) {
    // Permissions, quotas and pod security are asked about pods too, and say nothing of the webhook.
    if (isKubeError(error, 403)) {
      return warning('they are as they should be, but could not be tried', [wordsOf(error)]);
    }
    return failed('they are as they should be, but a pod in a dry run was refused', [wordsOf(error)]);
  }
}

/** Without the remedy: the check has one of its own. */
function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const trialPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'weft-check-', labels: { [injectLabel]: 'enabled' } },
  spec: { containers: [{ name: 'app', image: 'app' }] },
};

interface CertificateRequest extends KubeObject {
  readonly spec: { readonly podName: string };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** A request is answered within a second; the kubelet gives up on none in less than minutes. */
const patienceMs = 30_000;

/** Of the last quarter of an hour: Kubernetes deletes older requests. */
export async function certificateRequests({ context, review, podCertificates }: Facts): Promise<Verdict> {
  if (!(await podCertificates())) return ok('proxies get their certificates over SDS, without requests');
  const all = await context.api.list<CertificateRequest>(podCertificateRequests, {
    fieldSelector: `spec.signerName=${signerName}`,
  });
  const { serverTimeMs } = await review();
  const wrong = all.flatMap(({ metadata, spec, status }) => {
    const pod = `${metadata.namespace ?? ''}/${spec.podName}`;
    const end = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (end !== undefined) return [`${pod}: ${end.type}: ${end.message}`];
    const ageMs = serverTimeMs - Date.parse(metadata.creationTimestamp ?? '');
    const isAnswered = (status?.conditions ?? []).length > 0;
    return isAnswered || ageMs < patienceMs ? [] : [`${pod} has been waiting for ${formatAge(ageMs)}`];
  });
  if (wrong.length > 0)
    return failed(`${wrong.length} of the last ${all.length} requests got no certificate`, wrong);
  return ok(all.length === 0 ? 'no request is waiting' : `the last ${all.length} requests got a certificate`);
}
