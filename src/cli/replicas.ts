/** Asks every replica of the control plane what it knows. */

import { WeftError } from '../base/errors.ts';
import { pods } from '../kube/resources.ts';
import type { KubeObject } from '../kube/types.ts';
import type { CommandContext } from './context.ts';

interface ReplicaPod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** Ready pods of the control plane. */
export async function readyReplicas(context: CommandContext): Promise<readonly string[]> {
  const found = await context.api.list<ReplicaPod>(pods, {
    namespace: context.weftNamespace,
    labelSelector: 'app.kubernetes.io/name=weft',
  });
  const ready = found.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      pod.status?.conditions?.some(
        (condition) => condition.type === 'Ready' && condition.status === 'True',
      ) === true,
  );
  return ready.map((pod) => pod.metadata.name);
}

/**
 * The answers of all replicas to one GET, in order of the replicas' names; a replica that answers 404 is left out.
 * Throws WEFT-CLI-01 where none could be asked at all.
 */
export async function askReplicas<T>(context: CommandContext, path: string): Promise<readonly T[]> {
  const { edges, target, weftNamespace: namespace } = context;
  const names = await readyReplicas(context);
  const settled = await Promise.allSettled(
    names.map((name) => edges.askReplica(target, { namespace, name }, path)),
  );
  const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (answers.length > 0) return answers.filter((answer) => answer !== undefined) as T[];
  const failure = settled.find((one) => one.status === 'rejected');
  const why = failure === undefined ? 'no pod is ready' : wordsOf(failure.reason);
  throw new WeftError('WEFT-CLI-01', `The control plane in namespace ${namespace} does not answer: ${why}.`, {
    cause: failure?.reason,
  });
}

/** Without the remedy, since ours follows, and without a second full stop. */
function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
