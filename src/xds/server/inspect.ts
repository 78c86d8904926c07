/** What the command line shows of connected proxies. */

import { type ResourceKind, resourceKinds } from '../resource.ts';
import type { ConnectedProxy } from './proxy.ts';
import type { ResourceTable } from './table.ts';

export interface ProxyStatus {
  /** `namespace/pod`. */
  readonly proxy: string;
  readonly identity: string;
  readonly workload: string;
  /** Spans, since replicas may disagree about the time of day. */
  readonly connectedForMs: number;
  /** Resources it holds, per type. */
  readonly held: Readonly<Record<ResourceKind, number>>;
  /** Resources that are on their way to it, or to be removed from it. */
  readonly pending: number;
  /** Responses it has rejected since it connected. */
  readonly nacks: number;
  readonly lastAckAgoMs: number | undefined;
}

export interface HeldResource {
  readonly kind: ResourceKind;
  readonly name: string;
  /** What is served; the proxy has it where `current`. */
  readonly version: string | undefined;
  readonly current: boolean;
}

export interface ProxyDetail extends ProxyStatus {
  /** By type in the order of sending, then by name. */
  readonly resources: readonly HeldResource[];
}

export function statusOf(proxy: ConnectedProxy): ProxyStatus {
  const { host, connectedMs, lastAckMs } = proxy;
  const nowMs = host.monotonic();
  const held: Record<ResourceKind, number> = { secret: 0, cluster: 0, endpoints: 0, listener: 0, route: 0 };
  let pending = 0;
  for (const sub of proxy.subscriptions()) {
    held[sub.kind] = sub.held.size;
    pending += sub.stale.size + sub.leaving.size + (sub.inFlight?.records.length ?? 0);
  }
  return {
    proxy: proxy.info.key,
    identity: proxy.info.identity,
    workload: proxy.info.workload,
    connectedForMs: Math.round(nowMs - connectedMs),
    held,
    pending,
    nacks: proxy.nacks,
    lastAckAgoMs: lastAckMs === undefined ? undefined : Math.round(nowMs - lastAckMs),
  };
}

export function describeProxy(proxy: ConnectedProxy, table: ResourceTable): ProxyDetail {
  const resources = resourceKinds.flatMap((kind) => heldOf(proxy, kind, table));
  return { ...statusOf(proxy), resources };
}

function heldOf(proxy: ConnectedProxy, kind: ResourceKind, table: ResourceTable): readonly HeldResource[] {
  const held: HeldResource[] = [];
  const sub = proxy.subscription(kind);
  sub?.held.forEach((id) => {
    const { name, served } = table.at(kind, id);
    held.push({ kind, name, version: served?.version, current: sub.counted.has(id) });
  });
  return held.sort((left, right) => (left.name < right.name ? -1 : 1));
}
