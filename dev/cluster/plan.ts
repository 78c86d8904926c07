/**
 * What passes between a keeper (the process that owns a cluster) and the one that started it: a plan as the first
 * line of the keeper's input, reports as lines of its output. The input staying open means the owner still lives;
 * the line `keep` lets the cluster outlive it.
 */

import type { BuiltImage } from '../images/oci.ts';
import type { NodeProgramName } from './versions.ts';

export interface ClusterPlan {
  readonly kind: 'cluster';
  readonly name: string;
  readonly emulate?: string;
  readonly programs: Readonly<Record<NodeProgramName, string>>;
  /** Image of the pods' sandboxes. */
  readonly pauseImage: BuiltImage;
  readonly cniDirectory: string;
}

export interface ApiServerPlan {
  readonly kind: 'api-server';
  /** An empty folder that the keeper removes in the end. */
  readonly directory: string;
  readonly emulate?: string;
  readonly withControllers: boolean;
  readonly programs: Readonly<Record<'etcd' | 'kube-apiserver' | 'kube-controller-manager', string>>;
}

export type Plan = ClusterPlan | ApiServerPlan;

export type Report =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'failed'; readonly reason: string };

export const keepLine = 'keep';

/** The keeper's control socket: one request per line (`restart NAME`, `stop`), one answer per line. */
export function controlSocket(directory: string): string {
  return `${directory}/keeper.sock`;
}
