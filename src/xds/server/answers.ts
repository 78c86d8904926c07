/** What becomes of a response when the proxy has answered it. */

import type { Batch } from './batch.ts';
import { culpritsOf } from './culprits.ts';
import { xdsError } from './errors.ts';
import type { ConnectedProxy } from './proxy.ts';
import { isListed, type Subscription } from './subscription.ts';
import type { ResourceRecord } from './table.ts';

export function acknowledge(proxy: ConnectedProxy, sub: Subscription, batch: Batch): void {
  const { staleSinceMs } = sub;
  proxy.lastAckMs = proxy.host.monotonic();
  sub.inFlight = undefined;
  sub.staleSinceMs = sub.stale.size > 0 ? proxy.host.monotonic() : undefined;
  for (const [index, record] of batch.records.entries()) {
    const resource = batch.resources[index];
    if (record.hasSiblings) {
      for (const sibling of record.siblings()) {
        replace(sub, sibling);
        comeBack(proxy, sub, sibling);
      }
    }
    if (resource === undefined || !stillHolds(proxy, sub, record)) continue;
    sub.held.add(record.id);
    proxy.blockers.release(record);
    if (record.accept(resource, batch.ticks[index] ?? 0)) proxy.host.servedChanged(record);
    if (sub.stale.has(record.id)) continue;
    if (!proxy.wants(sub, record)) {
      if (record.served !== resource) sub.markOutdated(record);
    } else if (record.served === resource) proxy.count(sub, record, true);
    else if (record.served !== undefined) sub.markStale(record, sub.syncedTick, proxy.host);
  }
  for (const record of batch.removed) {
    sub.held.delete(record.id);
    sub.outdated.delete(record.id);
  }
  proxy.host.acknowledged(batch, staleSinceMs);
}

/** Another answer has taken the place of this one. */
function replace(sub: Subscription, record: ResourceRecord): void {
  sub.held.delete(record.id);
  sub.outdated.delete(record.id);
}

/** A listener that was replaced while that was under way, and is listed again now. */
function comeBack(proxy: ConnectedProxy, sub: Subscription, record: ResourceRecord): void {
  if (record.kind !== 'listener' || record.served === undefined || !proxy.wants(sub, record)) return;
  proxy.count(sub, record, false);
  sub.markStale(record, sub.syncedTick, proxy.host);
}

/** Not what it has unsubscribed while the response was under way, nor what another of the same name is to replace. */
function stillHolds(proxy: ConnectedProxy, sub: Subscription, record: ResourceRecord): boolean {
  if (isListed(record.kind) && !record.onDemand) return sub.wildcard;
  return sub.names.has((record.base ?? record).id) && proxy.own.replacement(record) === undefined;
}

/**
 * A NACK. Envoy may have applied all, some or nothing of the response besides what it rejects, so the rest is
 * sent again without the culprits. Where the message names none, halves are sent until one is alone.
 */
export function reject(proxy: ConnectedProxy, sub: Subscription, batch: Batch, message: string): void {
  const { records } = batch;
  sub.inFlight = undefined;
  proxy.nacks++;
  const culprits = records.length === 1 ? records : culpritsOf(message, records);
  for (const record of records) {
    if (culprits.includes(record) || record.served === undefined) continue;
    if (proxy.wants(sub, record)) sub.markStale(record, sub.syncedTick, proxy.host);
    else sub.markOutdated(record);
  }
  if (culprits.length === 0 && records.length > 1) {
    const half = Math.ceil(records.length / 2);
    sub.suspects.unshift(records.slice(0, half), records.slice(half));
  }
  for (const record of culprits) {
    const resource = batch.resources[records.indexOf(record)];
    if (resource !== undefined) refuse(proxy, sub, record, resource.version, message);
  }
  if (records.length === 0) {
    // A removal that the proxy cannot carry out is not repeated.
    for (const record of batch.removed) sub.held.delete(record.id);
    proxy.host.complain(proxy, xdsError('WEFT-XDS-10', `A removal was rejected: ${message.slice(0, 1000)}`));
    return;
  }
  for (const record of batch.removed) {
    // Whether the proxy has carried the removal out is unknown: what is wanted again must not pass for held.
    if (sub.stale.has(record.id)) replace(sub, record);
    else if (sub.held.has(record.id)) {
      sub.leaving.add(record.id);
      sub.markOutdated(record);
    }
  }
}

function refuse(
  proxy: ConnectedProxy,
  sub: Subscription,
  record: ResourceRecord,
  version: string,
  message: string,
): void {
  proxy.refusals.add(record, version);
  proxy.blockers.release(record);
  proxy.host.rejected(proxy, record, version, message);
  proxy.host.touch(record);
  // Either everyone is told that an older version is back, or only this proxy is concerned.
  if (record.reject(version, message)) proxy.host.servedChanged(record);
  else if (!proxy.wants(sub, record)) sub.markOutdated(record);
  else if (record.served !== undefined && record.served.version !== version) restore(proxy, sub, record);
}

/**
 * An older version is served again: the proxy still holds it if it was in step at any time since that version
 * had come, because then it has acknowledged it, and has acknowledged nothing else of the resource after it.
 */
export function restore(proxy: ConnectedProxy, sub: Subscription, record: ResourceRecord): void {
  if (!sub.keeps(record) || sub.syncedTick < record.tick) {
    return sub.markStale(record, sub.syncedTick, proxy.host);
  }
  sub.stale.delete(record.id);
  proxy.count(sub, record, !proxy.refusals.has(record));
}
