/**
 * One connected proxy: what it is entitled to, what it asked for and what of it changes. Decides everything
 * about a stream but knows nothing of its transport.
 *
 * A proxy gets what the lists of its workload name, what those resources need, the two secrets of the mesh, and the
 * on-demand clusters it asked for. The two are not tied to a workload because they carry no secret: they name files
 * of the pod's own identity volume. A proxy whose pod has no such files has secrets of its own in their place. Every
 * other secret holds a key of somebody's, and is only for who is to use it.
 *
 * Nothing is sent before it is known what the proxy uses: its lists, and the on-demand names it brings from
 * an earlier stream. Else a replica that has just started would take back what the proxy is about to need.
 */

import { onDemandPrefix, type ResourceKind } from '../resource.ts';
import { acknowledge, reject, restore } from './answers.ts';
import type { Batch } from './batch.ts';
import { Blockers } from './blockers.ts';
import { xdsError } from './errors.ts';
import { IdSet } from './id-set.ts';
import type { ProxyHost, ProxyInfo } from './proxy-host.ts';
import { Refusals } from './refusals.ts';
import { resume } from './resume.ts';
import { isOfBootstrap, OwnRecords } from './own-records.ts';
import { isListed, kindOf, Subscription } from './subscription.ts';
import type { ResourceRecord } from './table.ts';
import type { DeltaRequest } from './wire.ts';
import type { ListChange } from './shared-lists.ts';
import type { WorkloadView } from './workload-view.ts';

export class ConnectedProxy {
  readonly info: ProxyInfo;
  readonly view: WorkloadView;
  readonly host: ProxyHost;
  /** These two on the clock that does not jump. */
  readonly connectedMs: number;
  lastAckMs: number | undefined;
  /** Given by the host when the proxy joins: small, and its own until it leaves. */
  number = -1;
  nacks = 0;
  readonly refusals = new Refusals();
  readonly blockers = new Blockers();
  /** On-demand names whose destination is not yet in the workload's lists. */
  readonly unsettled = new IdSet();
  /** What is this proxy's or its namespace's alone. */
  readonly own: OwnRecords;
  readonly #maxNames: number;
  readonly #subscriptions = new Map<ResourceKind, Subscription>();
  #usesKnown = false;
  /** Requests whose destinations are not in the workload's lists yet. */
  #usesUnderWay = 0;
  #closed = false;

  constructor(info: ProxyInfo, view: WorkloadView, host: ProxyHost, maxNames: number) {
    this.info = info;
    this.view = view;
    this.host = host;
    this.connectedMs = host.monotonic();
    this.own = new OwnRecords(info.workload, view, (record, by) => this.#hold(record, by));
    this.#maxNames = maxNames;
  }

  /** Whether it is known what the proxy uses, and the lists of its workload contain it. */
  get complete(): boolean {
    return this.#usesKnown && this.#usesUnderWay === 0 && this.view.ready;
  }

  subscription(kind: ResourceKind): Subscription | undefined {
    return this.#subscriptions.get(kind);
  }

  subscriptions(): Iterable<Subscription> {
    return this.#subscriptions.values();
  }

  /** Throws a coded error that is to end the stream. */
  receive(request: DeltaRequest): void {
    const kind = kindOf(request.typeUrl);
    if (kind === undefined) {
      throw xdsError(
        'WEFT-XDS-05',
        `The type ${JSON.stringify(request.typeUrl.slice(0, 200))} is not served.`,
      );
    }
    const known = this.#subscriptions.get(kind);
    const sub = known ?? new Subscription(kind, request.held);
    this.#limit(sub, request);
    if (known === undefined) this.#subscriptions.set(kind, sub);
    if (request.nonce !== '' && request.nonce === sub.inFlight?.nonce) {
      if (request.error === undefined) acknowledge(this, sub, sub.inFlight);
      else reject(this, sub, sub.inFlight, request.error);
      this.#answered(sub, request.error !== undefined);
    }
    sub.unplanned = true;
    for (const name of request.unsubscribe) this.#unsubscribe(sub, name);
    if (known === undefined && isListed(kind) && request.subscribe.length === 0) this.#subscribeAll(sub);
    this.#subscribe(sub, request.subscribe);
    if (this.complete && !sub.begun) {
      resume(this, sub);
      this.planAll();
    }
    this.host.wake(this);
  }

  /** What an answer may let go that waits: stubs wait by themselves, see Blockers. */
  #answered(sub: Subscription, rejected: boolean): void {
    if (rejected) return this.planAll();
    const released = sub.kind === 'cluster' || sub.kind === 'route';
    for (const kind of ['listener', 'route'] as const) {
      const waiting = this.#subscriptions.get(kind);
      if (released && waiting !== undefined) waiting.unplanned = true;
    }
    const clusters = this.#subscriptions.get('cluster');
    // What waits for the first listeners and routes has not been looked at one by one, see planner.ts.
    const come = this.blockers.released || sub.kind === 'listener' || sub.kind === 'route';
    if (clusters !== undefined && come) clusters.unplanned = true;
  }

  /** Something has happened that may concern whatever waits. */
  planAll(): void {
    for (const sub of this.#subscriptions.values()) sub.unplanned = true;
  }

  /** Nothing more is to come of what the proxy used before it connected. */
  usesAreKnown(): void {
    if (this.#usesKnown) return;
    this.#usesKnown = true;
    this.listsKnown();
  }

  /** The lists of the workload are there. */
  listsKnown(): void {
    if (!this.complete || this.#closed) return;
    for (const sub of this.#subscriptions.values()) if (!sub.begun) resume(this, sub);
    this.planAll();
    this.host.wake(this);
  }

  /** The lists of the workload have changed. */
  listsChanged(change: ListChange): void {
    this.blockers.clear();
    this.planAll();
    const sub = this.#subscriptions.get(change.kind);
    for (const record of change.added) {
      if (sub?.wildcard === true) this.#list(sub, record);
      this.#entitle(record);
    }
    if (sub?.wildcard !== true) return;
    for (const record of change.removed) {
      this.#hold(record, -1);
      this.count(sub, record, false);
      if (sub.begun) sub.markLeaving(record);
    }
  }

  /**
   * What is served of a resource has changed, for an older version if it was `restored`. The host has reset
   * the count of those who have it.
   */
  resourceChanged(record: ResourceRecord, restored: boolean): void {
    const sub = this.#subscriptions.get(record.kind);
    if (sub === undefined || !sub.begun) return;
    sub.counted.delete(record.id);
    if (record.base !== undefined) this.#variantChanged(sub, record, record.base);
    if (!this.wants(sub, record)) return this.#unwantedChanged(sub, record);
    if (record.served === undefined) {
      if (record.latest !== undefined || record.onDemand) sub.cancel(record);
      else sub.markLeaving(record);
    } else if (!restored) sub.markStale(record, this.host.table.tick - 1, this.host);
    else if (sub.inFlight?.sends(record) !== true) restore(this, sub, record);
    if (isListed(record.kind)) this.#entitle(record);
    this.host.wake(this);
  }

  /** Should the resource be wanted again before it is removed, what is held is no longer what is served. */
  #unwantedChanged(sub: Subscription, record: ResourceRecord): void {
    if (record.served !== undefined) return sub.markOutdated(record);
    if (record.latest !== undefined || record.onDemand || !sub.names.has(record.id)) return;
    sub.markLeaving(record);
    this.host.wake(this);
  }

  /** Whether the proxy is to hold the resource as long as there is one. */
  wants(sub: Subscription, record: ResourceRecord): boolean {
    if (record.onDemand) return sub.names.has(record.id);
    if (isListed(record.kind)) return sub.wildcard && this.view.has(record);
    const base = record.base ?? record;
    if (!sub.names.has(base.id) || this.own.variant(base) !== record) return false;
    return isOfBootstrap(record) || this.#entitled(base);
  }

  /** The response has been handed to the transport. */
  sent(sub: Subscription, batch: Batch): void {
    sub.inFlight = batch;
    sub.greet = false;
    // What is sent was stale; mostly it is all that was.
    if (batch.records.length === sub.stale.size) sub.stale.clear();
    else for (const record of batch.records) sub.stale.delete(record.id);
    for (const record of batch.removed) {
      sub.leaving.delete(record.id);
      sub.unanswered.delete(record.id);
    }
    if (sub.kind === 'cluster') this.#resendEndpoints(batch);
  }

  /** The proxy asked for what it is not entitled to. */
  deny(record: ResourceRecord): void {
    this.#complain('WEFT-XDS-08', `${record.kind} ${record.name}`);
  }

  count(sub: Subscription, record: ResourceRecord, current: boolean): void {
    if (sub.count(record, current)) this.host.touch(record);
  }

  /** Takes the proxy out of all counts. */
  close(): void {
    this.#closed = true;
    const { table } = this.host;
    for (const sub of this.#subscriptions.values()) {
      sub.counted.forEach((id) => this.count(sub, table.at(sub.kind, id), false));
      sub.names.forEach((id) => this.own.asked(table.at(sub.kind, id), -1));
      if (sub.wildcard) this.view.forEach(sub.kind, (id) => this.#hold(table.at(sub.kind, id), -1));
    }
    this.#subscriptions.clear();
    for (const record of this.refusals.clear()) this.host.touch(record);
    this.own.drop(table);
  }

  #limit(sub: Subscription, request: DeltaRequest): void {
    const count = sub.names.size + Math.max(request.subscribe.length, request.held.length);
    if (count <= this.#maxNames) return;
    throw xdsError('WEFT-XDS-07', `More than ${this.#maxNames} names of one type on one stream.`);
  }

  #subscribe(sub: Subscription, names: readonly string[]): void {
    const destinations: string[] = [];
    const stubs: ResourceRecord[] = [];
    for (const name of names) {
      if (!isListed(sub.kind)) this.#subscribeName(sub, this.host.table.ensure(sub.kind, name));
      else if (name === '*') this.#subscribeAll(sub);
      else if (sub.kind === 'cluster' && name.startsWith(onDemandPrefix)) {
        const record = this.host.table.ensureOnDemand(name);
        if (record?.destination === undefined) this.#complain('WEFT-XDS-09', name);
        else {
          destinations.push(record.destination);
          stubs.push(record);
          this.unsettled.add(record.id);
          this.#subscribeName(sub, record);
        }
      } else this.#complain('WEFT-XDS-08', `${sub.kind} ${name}`);
    }
    if (sub.kind === 'cluster') this.#use(destinations, stubs);
  }

  #use(destinations: readonly string[], stubs: readonly ResourceRecord[]): void {
    if (destinations.length === 0) return this.usesAreKnown();
    this.#usesUnderWay++;
    void this.host.use(this, destinations).then(() => {
      this.#usesUnderWay--;
      if (this.#closed) return;
      for (const record of stubs) this.unsettled.delete(record.id);
      this.planAll();
      this.#usesKnown = true;
      this.listsKnown();
      this.host.wake(this);
    });
  }

  #subscribeAll(sub: Subscription): void {
    if (sub.wildcard) return;
    sub.wildcard = true;
    sub.greet = sub.told === undefined || sub.told.length === 0;
    const { table } = this.host;
    this.view.forEach(sub.kind, (id) => this.#list(sub, table.at(sub.kind, id)));
  }

  /** A name that is asked for again is answered again: the proxy may have forgotten what it got. */
  #subscribeName(sub: Subscription, record: ResourceRecord): void {
    if (sub.names.add(record.id)) this.own.asked(record, 1);
    if (!sub.begun) return;
    const { table } = this.host;
    const wanted = this.own.variant(record);
    this.count(sub, wanted, false);
    if (wanted.served !== undefined) sub.markStale(wanted, table.tick, this.host);
    else if (!record.onDemand) sub.markUnanswered(record);
  }

  #unsubscribe(sub: Subscription, name: string): void {
    if (name === '*') return this.#unsubscribeAll(sub);
    const record = this.host.table.find(sub.kind, name);
    if (record === undefined || !sub.names.delete(record.id)) return;
    this.own.asked(record, -1);
    this.#forget(sub, record);
    for (const variant of record.variants?.values() ?? []) this.#forget(sub, variant);
    const own = this.own.of(record);
    if (own !== undefined) this.#forget(sub, own);
  }

  #unsubscribeAll(sub: Subscription): void {
    if (!sub.wildcard) return;
    sub.wildcard = false;
    sub.greet = false;
    this.view.forEach(sub.kind, (id) => {
      const record = this.host.table.at(sub.kind, id);
      this.#hold(record, -1);
      this.#forget(sub, record);
    });
  }

  #forget(sub: Subscription, record: ResourceRecord): void {
    this.count(sub, record, false);
    sub.forget(record);
  }

  /** The record has come into the wildcard list. */
  #list(sub: Subscription, record: ResourceRecord): void {
    this.#hold(record, 1);
    if (!sub.begun) return;
    this.host.refresh(record);
    if (record.latest !== undefined) sub.leaving.delete(record.id);
    if (record.served === undefined || sub.awaits(record)) return;
    if (sub.keeps(record) && !sub.outdated.has(record.id)) this.count(sub, record, true);
    else sub.markStale(record, this.host.table.tick, this.host);
  }

  /** Routes for the proxy's namespace take the place of those for everyone, or give it back. */
  #variantChanged(sub: Subscription, record: ResourceRecord, base: ResourceRecord): void {
    if (this.own.forNamespace(base) !== record || !sub.names.has(base.id)) return;
    this.own.recount(base);
    const wanted = this.own.variant(base);
    const other = wanted === record ? base : record;
    if (sub.stale.delete(other.id)) sub.markOutdated(other);
    this.count(sub, other, false);
    if (wanted !== base) return;
    if (base.served === undefined) {
      for (const gone of [base, record]) if (gone.latest === undefined) sub.markLeaving(gone);
      return;
    }
    if (sub.inFlight?.sends(base) === true) return;
    if (sub.keeps(base) && !sub.outdated.has(base.id) && sub.inFlight?.sends(record) !== true) {
      this.count(sub, base, true);
    } else {
      sub.markStale(base, this.host.table.tick, this.host);
      this.host.wake(this);
    }
  }

  /** Whether something the proxy gets refers to the record. */
  #entitled(record: ResourceRecord): boolean {
    for (const needer of record.neededBy) {
      if (needer.onDemand ? this.#asked(needer) : this.view.has(needer)) return true;
    }
    return false;
  }

  #asked(stub: ResourceRecord): boolean {
    const clusters = this.#subscriptions.get('cluster');
    return clusters !== undefined && this.wants(clusters, stub);
  }

  /** What a cluster or listener of this proxy needs may have been asked for before the proxy was entitled to it. */
  #entitle(record: ResourceRecord): void {
    for (const shared of record.needs) {
      const sub = this.#subscriptions.get(shared.kind);
      if (sub === undefined || !sub.begun || isListed(shared.kind)) continue;
      const need = this.own.variant(shared);
      if (!sub.names.has(shared.id) || sub.awaits(need)) continue;
      if (sub.keeps(need) && !sub.outdated.has(need.id)) this.count(sub, need, need.served !== undefined);
      else if (need.served !== undefined) sub.markStale(need, this.host.table.tick, this.host);
    }
  }

  /** After a cluster has come, Envoy waits for its endpoints even if it has them, and nothing would send them. */
  #resendEndpoints(batch: Batch): void {
    const sub = this.#subscriptions.get('endpoints');
    if (sub === undefined) return;
    for (const cluster of batch.records) {
      for (const need of cluster.needs) {
        if (need.kind !== 'endpoints' || need.served === undefined) continue;
        if (!sub.held.has(need.id) && sub.inFlight?.sends(need) !== true) continue;
        this.count(sub, need, false);
        sub.markStale(need, this.host.table.tick, this.host);
      }
    }
  }

  #hold(record: ResourceRecord, by: 1 | -1): void {
    if (by > 0) (record.base ?? record).followers.add(this.number);
    record.holders += by;
    this.host.touch(record);
  }

  #complain(code: 'WEFT-XDS-08' | 'WEFT-XDS-09', what: string): void {
    this.host.complain(this, xdsError(code, `Not served: ${what.slice(0, 200)}.`));
  }
}
