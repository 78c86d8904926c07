/**
 * What may be sent to a proxy now, of one type. Additions go in the order secret, cluster, endpoints,
 * listener, route, removals the other way round, so that nothing ever refers to what is not there:
 *
 *   listener, route    wait for the clusters they need, until the proxy has acknowledged them
 *   on-demand stub     waits for all that it leads to, endpoints and routes included
 *   removed cluster    waits until no listener or route is on its way
 *   removed route      waits for the listeners, removed endpoints and secrets for the clusters
 *
 * Secrets, ordinary clusters and endpoints wait for nothing (Envoy asks for a cluster's endpoints while the
 * cluster is in flight, and acknowledges the cluster when it has them), so there is no circle to wait in.
 */

import type { ResourceKind } from '../resource.ts';
import type { ConnectedProxy } from './proxy.ts';
import { isListed, type Subscription } from './subscription.ts';
import type { ResourceRecord, ResourceTable } from './table.ts';

export interface Plan {
  /** In ascending order of id. */
  readonly records: readonly ResourceRecord[];
  readonly removed: readonly ResourceRecord[];
  /** Asked for and denied: part of `removed`. */
  readonly denied: readonly ResourceRecord[];
}

/**
 * The look at one subscription that is under way. Thousands of answers lead to the same secrets and clusters: what
 * nothing was found missing of in this look is not looked at again.
 */
let look = 0;

/** Undefined where there is nothing to send, or not yet. */
export function plan(proxy: ConnectedProxy, sub: Subscription, table: ResourceTable): Plan | undefined {
  if (!sub.due || isPlanned(sub, table)) return undefined;
  look++;
  const denied: ResourceRecord[] = [];
  const records = additions(proxy, sub, table, denied);
  const removed = removals(proxy, sub, table);
  // An empty first answer tells it that there is nothing to wait for.
  const greet = sub.greet && sub.stale.size === 0;
  return records.length > 0 || removed.length > 0 || greet ? { records, removed, denied } : undefined;
}

/**
 * Whether the subscription was looked at before and what waits in it still does: thousands of resources may wait
 * while others are acknowledged one after the other. Removals wait for too much to be told so.
 */
function isPlanned(sub: Subscription, table: ResourceTable): boolean {
  if (!sub.unplanned && sub.plannedTick === table.tick && sub.leaving.size === 0) return true;
  sub.unplanned = false;
  sub.plannedTick = table.tick;
  return false;
}

function additions(
  proxy: ConnectedProxy,
  sub: Subscription,
  table: ResourceTable,
  denied: ResourceRecord[],
): readonly ResourceRecord[] {
  const state: ProxyState = { begun: hasBegun(proxy), clustersAwaited: awaitsClusters(proxy, table) };
  // Envoy is ready with the first listeners that it gets, so these go together or not at all.
  const together = sub.greet && sub.kind === 'listener';
  let blocked = false;
  for (;;) {
    const group = sub.suspects.shift();
    const records: ResourceRecord[] = [];
    sub.stale.forEach((id) => {
      if (together && blocked) return;
      const record = table.at(sub.kind, id);
      if (group !== undefined && !group.includes(record)) return;
      if (!sendable(proxy, sub, record, denied)) return;
      if (mayAdd(proxy, record, state)) records.push(record);
      else blocked = true;
    });
    if (together && blocked) return [];
    if (records.length > 0 || group === undefined) return records;
  }
}

/** Takes the mark from what is no longer to be sent. */
function sendable(
  proxy: ConnectedProxy,
  sub: Subscription,
  record: ResourceRecord,
  denied: ResourceRecord[],
): boolean {
  const wanted = proxy.wants(sub, record);
  if (wanted && record.served !== undefined && !proxy.refusals.has(record)) return true;
  sub.cancel(record);
  if (!wanted && sub.unanswered.has(record.id)) denied.push(record);
  return false;
}

function removals(proxy: ConnectedProxy, sub: Subscription, table: ResourceTable): readonly ResourceRecord[] {
  const removed: ResourceRecord[] = [];
  if (sub.leaving.size > 0 && mayRemove(proxy, sub.kind)) {
    sub.leaving.forEach((id) => {
      const record = table.at(sub.kind, id);
      if (sub.held.has(id) && !isReplaced(proxy, sub, record)) removed.push(record);
      else sub.leaving.delete(id);
    });
  }
  sub.unanswered.forEach((id) => {
    const record = table.at(sub.kind, id);
    if (isReplaced(proxy, sub, record)) sub.unanswered.delete(id);
    else removed.push(record);
  });
  return removed;
}

/** Another record is what the proxy gets under this name: nothing is to be removed then. */
function isReplaced(proxy: ConnectedProxy, sub: Subscription, record: ResourceRecord): boolean {
  const other = proxy.own.replacement(record);
  return other !== undefined && proxy.wants(sub, other);
}

/** What one look tells of all resources that may wait. */
interface ProxyState {
  /** Whether the proxy has got any listeners and routes. Until then no answer that leads to a listener may go. */
  readonly begun: boolean;
  /** Whether any cluster but on-demand answers is yet to be acknowledged. */
  readonly clustersAwaited: boolean;
}

function hasBegun(proxy: ConnectedProxy): boolean {
  const isFirst = (sub: Subscription | undefined): boolean => sub?.busy === true && sub.held.size === 0;
  return !isFirst(proxy.subscription('listener')) && !isFirst(proxy.subscription('route'));
}

function awaitsClusters(proxy: ConnectedProxy, table: ResourceTable): boolean {
  const clusters = proxy.subscription('cluster');
  if (clusters === undefined) return false;
  let awaited = clusters.inFlight !== undefined;
  if (!awaited) clusters.stale.forEach((id) => (awaited ||= !table.at('cluster', id).onDemand));
  return awaited;
}

function mayAdd(proxy: ConnectedProxy, record: ResourceRecord, state: ProxyState): boolean {
  if (record.onDemand) {
    if (!state.begun && record.needs.some(({ kind }) => kind === 'listener')) return false;
    return stubMayGo(proxy, record);
  }
  if (record.kind !== 'listener' && record.kind !== 'route') return true;
  const clusters = proxy.subscription('cluster');
  return clusters === undefined || !state.clustersAwaited || clustersAreThere(proxy, clusters, record);
}

function clustersAreThere(proxy: ConnectedProxy, clusters: Subscription, record: ResourceRecord): boolean {
  return record.needs.every((need) => {
    proxy.host.refresh(need);
    if (need.kind === 'cluster') return !clusters.awaits(need);
    if (record.kind !== 'listener' || need.kind !== 'route') return true;
    return clustersAreThere(proxy, clusters, proxy.own.variant(need));
  });
}

/**
 * Whether a connection that waits for the stub would find everything it leads to. The endpoints and secrets
 * of the stub itself come after it: Envoy asks for them when it has the stub.
 */
function stubMayGo(proxy: ConnectedProxy, stub: ResourceRecord): boolean {
  if (proxy.unsettled.has(stub.id)) return false;
  if (proxy.blockers.has(stub, proxy.host.table.tick)) return false;
  for (const need of stub.needs) {
    const blocker =
      need.kind === 'endpoints' || need.kind === 'secret' ? undefined : missing(proxy, need, deepest);
    if (blocker === undefined) continue;
    proxy.blockers.add(stub, blocker);
    return false;
  }
  return true;
}

/** Chains of needs are shorter than this; it only keeps a circle from being followed for ever. */
const deepest = 8;

/** The resource, or the first that it needs, which the proxy has not acknowledged and will yet get. */
function missing(proxy: ConnectedProxy, shared: ResourceRecord, depth: number): ResourceRecord | undefined {
  const record = proxy.own.variant(shared);
  if (record.completeInLook === look) return undefined;
  proxy.host.refresh(record);
  if (record.served === undefined || proxy.refusals.has(record) || depth === 0) return undefined;
  const sub = proxy.subscription(record.kind);
  if (isListed(record.kind) && (sub === undefined || !proxy.wants(sub, record))) return undefined;
  if (sub?.keeps(record) !== true) return record;
  for (const need of record.needs) {
    const found = missing(proxy, need, depth - 1);
    if (found !== undefined) return found;
  }
  record.completeInLook = look;
  return undefined;
}

function mayRemove(proxy: ConnectedProxy, kind: ResourceKind): boolean {
  const busy = (other: ResourceKind): boolean => proxy.subscription(other)?.busy ?? false;
  const removing = (other: ResourceKind): boolean => {
    const sub = proxy.subscription(other);
    return sub !== undefined && (sub.inFlight !== undefined || sub.leaving.size > 0);
  };
  if (kind === 'route') return !busy('listener');
  if (kind === 'cluster') return !busy('listener') && !busy('route');
  if (kind === 'endpoints') return !removing('cluster');
  if (kind === 'secret') return !removing('cluster') && !removing('listener');
  return true;
}
