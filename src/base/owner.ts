/** Which workload a pod belongs to, told from the pod alone. */

/** What of a pod tells its owner. */
export interface OwnedMeta {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly controller?: boolean;
  }[];
}

const independent: ReadonlySet<string> = new Set(['Node', 'Gateway']);

export interface Owner {
  readonly kind: string;
  readonly name: string;
}

/** Labels by which a controller tells the ReplicaSets of its revisions apart, and the kind of that controller. */
const revisionLabels = [
  { label: 'pod-template-hash', kind: 'Deployment' },
  { label: 'rollouts-pod-template-hash', kind: 'Rollout' },
] as const;

/**
 * The controller of the pod; of a ReplicaSet that belongs to a Deployment, the Deployment: its name is that of
 * the ReplicaSet without the hash of the revision. A pod of its own, or a node's static pod, is a workload of
 * kind `Pod`; so is one that claims to belong to a Gateway, because whether it does is not told from the pod alone.
 */
export function ownerOf(pod: OwnedMeta): Owner {
  const controller = pod.ownerReferences?.find((owner) => owner.controller === true);
  if (controller === undefined || independent.has(controller.kind))
    return { kind: 'Pod', name: pod.name ?? '' };
  if (controller.kind !== 'ReplicaSet') return { kind: controller.kind, name: controller.name };
  for (const { label, kind } of revisionLabels) {
    const suffix = `-${pod.labels?.[label] ?? ''}`;
    if (suffix !== '-' && controller.name.endsWith(suffix)) {
      return { kind, name: controller.name.slice(0, -suffix.length) };
    }
  }
  return { kind: 'ReplicaSet', name: controller.name };
}
