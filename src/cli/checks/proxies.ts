/** Checks of the data plane: every pod that should have a proxy has one, connected, in sync, and of today. */

import { proxyAnnotation } from '../../base/names.ts';
import { decide } from '../../webhook/inject/decide.ts';
import { prepareInjection } from '../../webhook/inject/inject.ts';
import { isInjected } from '../../webhook/inject/restore.ts';
import { proxyRows, type ProxyRow } from '../commands/status.ts';
import { formatAge } from '../output.ts';
import { askReplicas } from '../replicas.ts';
import type { ReplicaStatus } from '../../dashboard/debug.ts';
import { failed, ok, type Verdict, warning } from './check.ts';
import type { Facts, MeshPod } from './facts.ts';

/** Pods that were created before their namespace was labelled, or while the webhook was not there. */
export async function meshedPods({ context, meshPods }: Facts): Promise<Verdict> {
  const without: string[] = [];
  const unable: string[] = [];
  const all = await meshPods();
  for (const { key, pod, namespaceLabels } of all) {
    if (isInjected(pod as object)) continue;
    const decision = decide({
      pod: pod as object,
      namespace: pod.metadata.namespace ?? '',
      namespaceLabels,
      controlPlaneNamespace: context.weftNamespace,
    });
    if (decision.inject) without.push(key);
    else if (decision.unexpected) unable.push(`${key}: ${decision.reason.describe()}`);
  }
  if (without.length > 0)
    return failed(`${without.length} of ${all.length} pods run without a proxy`, without);
  if (unable.length > 0) return warning(`${unable.length} of ${all.length} pods cannot have a proxy`, unable);
  return ok(
    all.length === 0
      ? 'no namespace and no pod is in the mesh yet'
      : `all ${withProxy(all).length} pods have one`,
  );
}

/** Injected, or the proxy of a gateway, which is a pod of its own. */
function withProxy(pods: readonly MeshPod[]): readonly MeshPod[] {
  return pods.filter(({ pod }) => pod.metadata.annotations?.[proxyAnnotation] !== undefined);
}

/** Between two looks: what changed in the meantime is on its way, what did not is stuck. */
const secondLookMs = 2_000;

export async function connectedProxies(facts: Facts): Promise<Verdict> {
  const { context } = facts;
  const expected = withProxy(await facts.meshPods()).filter(isReady);
  const first = problems(expected, (await facts.replicas()).statuses);
  if (first.size === 0) {
    return ok(
      expected.length === 0
        ? 'no pod with a proxy is ready'
        : `all ${expected.length} are connected and in sync`,
    );
  }
  await context.edges.sleep(secondLookMs);
  const second = problems(expected, await askReplicas<ReplicaStatus>(context, '/v1/status'));
  const lasting = [...second].filter(([key]) => first.has(key)).map(([key, what]) => `${key} ${what}`);
  if (lasting.length === 0) return ok(`all ${expected.length} are connected and in sync`);
  return failed(`${lasting.length} of ${expected.length} are not connected or not in sync`, lasting);
}

function isReady({ pod }: MeshPod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

function problems(
  expected: readonly MeshPod[],
  replicas: readonly ReplicaStatus[],
): ReadonlyMap<string, string> {
  const rows = new Map(proxyRows(replicas).map((row) => [row.proxy, row]));
  const found = new Map<string, string>();
  for (const { key } of expected) {
    const problem = problemOf(rows.get(key));
    if (problem !== undefined) found.set(key, problem);
  }
  return found;
}

function problemOf(row: ProxyRow | undefined): string | undefined {
  if (row === undefined) return 'is not connected';
  if (row.rejected > 0) return `has rejected ${row.rejected} responses`;
  return row.synced ? undefined : `waits for ${row.pending} resources`;
}

/** The kubelet renews after two thirds of the lifetime; with less than this left it has tried for hours. */
const leastRemaining = 0.2;

export async function certificateAges(facts: Facts): Promise<Verdict> {
  const { statuses } = await facts.replicas();
  const rows = proxyRows(statuses);
  if (rows.length === 0) return ok('no proxy is connected');
  const known = rows.flatMap(({ proxy, certificate }) =>
    certificate === undefined ? [] : [{ proxy, ...certificate }],
  );
  const overdue = known.filter(({ notBefore, notAfter, remainingSeconds }) => {
    const lifetimeMs = Date.parse(notAfter) - Date.parse(notBefore);
    return remainingSeconds * 1000 < lifetimeMs * leastRemaining;
  });
  if (overdue.length === 0) {
    const soonest = Math.min(...known.map(({ remainingSeconds }) => remainingSeconds));
    if (known.length === 0) return warning('the replicas know none of the certificates');
    return ok(
      `the certificates of ${known.length} proxies are valid for ${formatAge(soonest * 1000)} or longer`,
    );
  }
  const details = overdue.map(({ proxy, notAfter }) => `${proxy} until ${notAfter}`);
  const message = `${overdue.length} of ${known.length} certificates are overdue for renewal`;
  return overdue.some(({ remainingSeconds }) => remainingSeconds <= 0)
    ? failed(`${message}, or have expired`, details)
    : warning(message, details);
}

/** Whether the control plane is told to make identities itself, whatever the cluster has. */
async function isTold({ deployment }: Facts): Promise<boolean> {
  const containers = (await deployment())?.spec.template?.spec.containers ?? [];
  return containers.some(({ args = [] }) => args.includes('--identities=sds'));
}

export async function currentProxies(facts: Facts): Promise<Verdict> {
  const settings = await facts.injection();
  if (settings === undefined) return warning('the control plane does not know the settings of the mesh yet');
  if (settings.identity === 'sds' && !(await isTold(facts)) && (await facts.podCertificates())) {
    return warning(
      'kubelets make identities by now: restart the control plane, then the workloads, to have them do it',
    );
  }
  const { settingsHash } = prepareInjection({ ...settings, random: () => '' });
  const current = JSON.stringify({ version: settings.version, settings: settingsHash });
  const all = withProxy(await facts.meshPods());
  const older = all.filter(({ pod }) => pod.metadata.annotations?.[proxyAnnotation] !== current);
  if (older.length === 0) return ok('all were made by this version with these settings');
  return warning(
    `${older.length} of ${all.length} were made by another version or with other settings`,
    older.map(({ key }) => key),
  );
}
