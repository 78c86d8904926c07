/**
 * Joins the translation with the connected proxies: takes in what the graph tells, marks who is concerned,
 * and sends in rounds that give way to the event loop.
 *
 *   graph ──changes──> table, views ──marks──> proxies ──wake──> round: plan, batch, write
 *   proxies ──answers──> counts, quarantine ──> acks (a source of the graph)
 */

import { setImmediate } from 'node:timers';
import type { Clock } from '../../base/clock.ts';
import { describeError, type WeftError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Collection, Source } from '../../graph/types.ts';
import {
  type EncodedResource,
  type ResourceAcks,
  type ResourceKind,
  resourceKinds,
  type Translation,
} from '../resource.ts';
import { AckPublisher } from './acks.ts';
import { type Batch, BatchPool } from './batch.ts';
import * as metrics from './metrics.ts';
import { plan } from './planner.ts';
import type { ConnectedProxy } from './proxy.ts';
import type { ProxyHost } from './proxy-host.ts';
import { SharedLists } from './shared-lists.ts';
import { type ResourceRecord, ResourceTable } from './table.ts';
import { WorkloadView } from './workload-view.ts';

/** A round of sending gives way to the event loop after this long. */
const sliceMs = 10;
/** Records without a resource are swept out when there are more than this, or twice as many as were left then. */
const vacantLimit = 256;
/** Complaints that are logged per proxy, so that a proxy cannot fill the log. */
const complaintLimit = 20;

const removalOrder = resourceKinds.toReversed();

/** Where a proxy's responses go. */
export interface Outlet {
  send(batch: Batch): void;
  /** Something went wrong with this proxy; the others go on. */
  end(error: unknown): void;
}

export interface HubOptions {
  readonly translation: Translation;
  readonly acks: Source<ResourceAcks>;
  readonly use: (workload: string, destinations: readonly string[]) => void;
  readonly settled: () => Promise<void>;
  readonly log: Logger;
  readonly clock: Clock;
}

export class Hub implements ProxyHost {
  readonly table = new ResourceTable();
  readonly #options: HubOptions;
  readonly #pool = new BatchPool();
  readonly #acks: AckPublisher;
  readonly #sharedLists = new SharedLists(this.table);
  readonly #views = new Map<string, WorkloadView>();
  readonly #proxies = new Map<ConnectedProxy, Outlet>();
  /** Whose own each own record is. */
  readonly #owners = new WeakMap<ResourceRecord, ConnectedProxy>();
  /** Ends the following of a proxy's own secrets. */
  readonly #following = new Map<ConnectedProxy, () => void>();
  readonly #awake = new Set<ConnectedProxy>();
  readonly #complaints = new WeakMap<ConnectedProxy, number>();
  readonly #unsubscribe: (() => void)[] = [];
  /** By number: what records know their followers by. */
  readonly #numbered: (ConnectedProxy | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  #roundDue = false;
  #vacantLimit = vacantLimit;

  constructor(options: HubOptions) {
    this.#options = options;
    const { acks, settled, clock, log, translation } = options;
    this.#acks = new AckPublisher({
      acks,
      settled,
      now: () => performance.now(),
      after: (delayMs, action) => clock.after(delayMs, action),
      onError: (error) => log.error({ error: describeError(error) }, 'acknowledgements were not published'),
    });
    for (const kind of resourceKinds) this.#follow(kind, translation.resources[kind]);
    this.#follow('cluster', translation.onDemand);
    this.#unsubscribe.push(
      translation.lists.subscribe((changes) => {
        for (const { key, after } of changes) {
          const view = this.#views.get(key);
          // A workload that is gone may still have pods that end: they keep what they have.
          if (view !== undefined && after !== undefined) this.#listed(view);
        }
      }),
    );
  }

  get size(): number {
    return this.#proxies.size;
  }

  proxies(): Iterable<ConnectedProxy> {
    return this.#proxies.keys();
  }

  /** The lists of a workload, shared by its proxies. */
  view(workload: string): WorkloadView {
    const known = this.#views.get(workload);
    if (known !== undefined) return known;
    const view = new WorkloadView(workload, this.#sharedLists);
    this.#views.set(workload, view);
    // There are lists only of workloads that are known to have proxies.
    this.#options.use(workload, []);
    this.#listed(view);
    return view;
  }

  /** Throws a coded error where the proxy cannot have secrets of its own; it is to leave then as well. */
  join(proxy: ConnectedProxy, outlet: Outlet): void {
    proxy.number = this.#freeNumbers.pop() ?? this.#numbered.length;
    this.#numbered[proxy.number] = proxy;
    this.#proxies.set(proxy, outlet);
    proxy.view.proxies.add(proxy);
    metrics.connectedProxies.set(this.#proxies.size);
    const { secrets } = proxy.info;
    if (secrets !== undefined)
      this.#following.set(
        proxy,
        secrets((own) => this.#own(proxy, own)),
      );
  }

  leave(proxy: ConnectedProxy): void {
    if (!this.#proxies.delete(proxy)) return;
    this.#following.get(proxy)?.();
    this.#following.delete(proxy);
    proxy.close();
    this.#numbered[proxy.number] = undefined;
    this.#freeNumbers.push(proxy.number);
    this.#awake.delete(proxy);
    metrics.connectedProxies.set(this.#proxies.size);
    proxy.view.proxies.delete(proxy);
    if (proxy.view.proxies.size > 0) return;
    this.#views.delete(proxy.view.workload);
    proxy.view.close();
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  monotonic(): number {
    return this.#options.clock.monotonic();
  }

  refresh(record: ResourceRecord): void {
    if (record.latest !== undefined) return;
    const { resources, onDemand } = this.#options.translation;
    const latest = (record.onDemand ? onDemand : resources[record.kind]).get(record.name);
    if (latest !== undefined) this.#update(record, latest);
  }

  touch(record: ResourceRecord): void {
    if (!record.own) this.#acks.touch(record);
  }

  servedChanged(record: ResourceRecord): void {
    this.table.served(record);
    this.#spread(record, record.served !== record.latest);
  }

  async use(proxy: ConnectedProxy, destinations: readonly string[]): Promise<void> {
    try {
      this.#options.use(proxy.info.workload, destinations);
      await this.#options.settled();
    } catch (error) {
      this.#options.log.error(
        { proxy: proxy.info.key, error: describeError(error) },
        'the used set was not updated',
      );
    }
  }

  wake(proxy: ConnectedProxy): void {
    this.#awake.add(proxy);
    if (this.#roundDue) return;
    this.#roundDue = true;
    // Behind the subscribers that the graph calls in the same turn, but in no later one.
    queueMicrotask(() => this.#round());
  }

  rejected(proxy: ConnectedProxy, record: ResourceRecord, version: string, message: string): void {
    metrics.ofKind[record.kind].rejections.inc();
    const { kind, name } = record;
    // Envoy may quote what it rejects, and a proxy's own secret is one.
    const told = record.own ? 'not shown' : message.slice(0, 4096);
    this.#options.log.error(
      { code: 'WEFT-XDS-10', proxy: proxy.info.key, kind, name, version, message: told },
      'a proxy rejected a resource',
    );
  }

  acknowledged(batch: Batch, staleSinceMs: number | undefined): void {
    if (staleSinceMs === undefined) return;
    metrics.ofKind[batch.kind].latency.observe((this.monotonic() - staleSinceMs) / 1000);
  }

  complain(proxy: ConnectedProxy, error: WeftError): void {
    const count = (this.#complaints.get(proxy) ?? 0) + 1;
    this.#complaints.set(proxy, count);
    if (count > complaintLimit) return;
    this.#options.log.warn(
      { code: error.code, proxy: proxy.info.key, identity: proxy.info.identity, detail: error.message },
      'a proxy asked for what it does not get',
    );
  }

  #follow(kind: ResourceKind, collection: Collection<EncodedResource>): void {
    for (const [name, resource] of collection.entries())
      this.#update(this.table.ensure(kind, name), resource);
    this.#unsubscribe.push(
      collection.subscribe((changes) => {
        for (const { key, after } of changes) {
          const record = after === undefined ? this.table.find(kind, key) : this.table.ensure(kind, key);
          if (record !== undefined) this.#update(record, after);
        }
      }),
    );
  }

  #update(record: ResourceRecord, latest: EncodedResource | undefined): void {
    const before = record.rejected;
    if (this.table.update(record, latest)) this.#spread(record, record.served !== record.latest);
    if (record.rejected !== before) this.touch(record);
  }

  #own(proxy: ConnectedProxy, secrets: readonly EncodedResource[]): void {
    for (const secret of secrets) {
      const record = proxy.own.ensure(this.table.ensure('secret', secret.name), this.table);
      this.#owners.set(record, proxy);
      this.#update(record, secret);
    }
  }

  #spread(record: ResourceRecord, restored: boolean): void {
    record.current = 0;
    if (record.own) return this.#owners.get(record)?.resourceChanged(record, restored);
    if (this.#proxies.size === 0) return;
    this.touch(record);
    const { followers } = record.base ?? record;
    followers.forEach((number) => {
      const proxy = this.#numbered[number];
      // Those who have left, and others who got their numbers, are found out only here.
      if (proxy === undefined) followers.delete(number);
      else proxy.resourceChanged(record, restored);
    });
  }

  #listed(view: WorkloadView): void {
    const lists = this.#options.translation.lists.get(view.workload);
    if (lists === undefined) return;
    const wasReady = view.ready;
    const changes = view.update(lists);
    for (const proxy of view.proxies) {
      for (const change of changes) proxy.listsChanged(change);
      if (!wasReady) proxy.listsKnown();
      this.wake(proxy);
    }
  }

  #round(): void {
    const startedAt = performance.now();
    for (const proxy of this.#awake) {
      this.#awake.delete(proxy);
      const outlet = this.#proxies.get(proxy);
      if (outlet !== undefined) this.#pushAll(proxy, outlet);
      if (performance.now() - startedAt < sliceMs) continue;
      setImmediate(() => this.#round());
      return;
    }
    this.#roundDue = false;
    this.#pool.trim();
    if (this.table.vacant <= this.#vacantLimit) return;
    this.table.sweep((record) => this.#inUse(record));
    this.#vacantLimit = Math.max(vacantLimit, this.table.vacant * 2);
  }

  #pushAll(proxy: ConnectedProxy, outlet: Outlet): void {
    try {
      for (const kind of resourceKinds) this.#push(proxy, outlet, kind);
      // What a removal waits for may have turned out to be nothing only now.
      for (const kind of removalOrder) {
        if ((proxy.subscription(kind)?.leaving.size ?? 0) > 0) this.#push(proxy, outlet, kind);
      }
    } catch (error) {
      outlet.end(error);
    }
  }

  #push(proxy: ConnectedProxy, outlet: Outlet, kind: ResourceKind): void {
    const sub = proxy.subscription(kind);
    if (sub === undefined) return;
    const next = plan(proxy, sub, this.table);
    if (next === undefined) return;
    for (const record of next.denied) proxy.deny(record);
    const batch = this.#pool.get(kind, next.records, next.removed);
    proxy.sent(sub, batch);
    outlet.send(batch);
    const { pushes, resources, bytes } = metrics.ofKind[kind];
    pushes.inc();
    resources.inc(batch.records.length);
    bytes.inc(batch.length);
  }

  #inUse(record: ResourceRecord): boolean {
    let used = false;
    const { followers } = record.base ?? record;
    followers.forEach((number) => {
      const proxy = this.#numbered[number];
      used ||=
        proxy !== undefined &&
        (proxy.view.has(record) || proxy.subscription(record.kind)?.refersTo(record) === true);
    });
    return used;
  }
}
