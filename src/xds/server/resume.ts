/**
 * The start of a subscription: what the proxy says it holds from an earlier stream, of this replica or of
 * another one, is compared with what it is to hold, so that only the difference is sent.
 */

import type { ConnectedProxy } from './proxy.ts';
import { isListed, type Subscription } from './subscription.ts';
import type { ResourceRecord } from './table.ts';

/** To be called once, when it is known what the proxy uses. */
export function resume(proxy: ConnectedProxy, sub: Subscription): void {
  const told = sub.told ?? [];
  sub.told = undefined;
  const { table } = proxy.host;
  for (const { name, version } of told)
    take(proxy, sub, proxy.own.variant(table.ensure(sub.kind, name)), version);
  sub.names.forEach((id) => {
    const record = table.at(sub.kind, id);
    proxy.own.recount(record);
    compare(proxy, sub, proxy.own.variant(record));
  });
  if (sub.wildcard) proxy.view.forEach(sub.kind, (id) => compare(proxy, sub, table.at(sub.kind, id)));
}

/** The proxy holds this version. What is gone or no longer listed is taken back. */
function take(proxy: ConnectedProxy, sub: Subscription, record: ResourceRecord, version: string): void {
  proxy.host.refresh(record);
  sub.held.add(record.id);
  proxy.blockers.release(record);
  (record.base ?? record).followers.add(proxy.number);
  if (record.served?.version !== version) sub.outdated.add(record.id);
  if (record.latest !== undefined && (!isListed(sub.kind) || proxy.wants(sub, record))) return;
  // An on-demand answer is never taken back, since Envoy could not ask for it again.
  if (record.onDemand || !(sub.wildcard || sub.names.has((record.base ?? record).id))) sub.forget(record);
  else sub.markLeaving(record);
}

/** The proxy is to hold this resource. */
function compare(proxy: ConnectedProxy, sub: Subscription, record: ResourceRecord): void {
  proxy.host.refresh(record);
  const { served } = record;
  const held = sub.held.has(record.id);
  if (served === undefined) {
    if (!isListed(record.kind) && !held) sub.markUnanswered(record);
  } else if (!held || sub.outdated.has(record.id)) {
    sub.markStale(record, 0, proxy.host);
  } else if (proxy.wants(sub, record)) {
    if (record.accept(served, record.tick)) proxy.host.servedChanged(record);
    proxy.count(sub, record, true);
  }
}
