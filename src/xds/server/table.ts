/**
 * Every resource that is served or asked for, with a small number for each, so that the state of a stream
 * is bits and not names. Also the quarantine: a version that a proxy rejects before any proxy has
 * acknowledged it is served no more, and the last good one comes back in its place.
 *
 *   latest   what the translation says now
 *   good     the version that a proxy acknowledged last, kept as long as `latest` is unproven
 *   served   what proxies get: `latest`, or `good` while `latest` is quarantined
 */

import {
  audienceMark,
  type EncodedResource,
  onDemandPrefix,
  type ResourceKind,
  typeUrls,
} from '../resource.ts';
import { IdSet } from './id-set.ts';
import { destinationOf } from './on-demand.ts';
import { ResourceHead } from './wire.ts';

export class ResourceRecord {
  readonly kind: ResourceKind;
  readonly name: string;
  /** Unique within its kind; used again after the record is gone. */
  readonly id: number;
  /** The answer to an on-demand cluster, `vip/<ip>:<port>`: served only to who asked, and never taken back. */
  readonly onDemand: boolean;
  /** Of an on-demand cluster, `<ip>:<port>`: the same text for all who ask for it. */
  readonly destination: string | undefined;
  /** Of routes and listeners for some proxies: those for everyone else. Of an own secret: the shared one. */
  readonly base: ResourceRecord | undefined;
  /** One proxy's own, and no other's: found through that proxy only, not by name, and nothing of it is published. */
  readonly own: boolean;
  /** Of routes: their variants by client namespace. Of listeners: those that lists name in their place. */
  variants: Map<string, ResourceRecord> | undefined;
  latest: EncodedResource | undefined;
  served: EncodedResource | undefined;
  /** Changes with `served`, and comes back when an earlier `served` does; 0 while there is none. */
  tick = 0;
  /** Resources that `served` refers to. */
  needs: readonly ResourceRecord[] = [];
  /** Those whose `served` refers to this one. */
  readonly neededBy = new Set<ResourceRecord>();
  /**
   * Numbers of the proxies that a change may concern: all that name it, list it or hold it, and some that did
   * before. Of variants: those of the base.
   */
  readonly followers = new IdSet();
  /** Connected proxies that are to hold it. */
  holders = 0;
  /** Those among them that have acknowledged `served`. */
  current = 0;
  /** What a proxy said of `latest` when it rejected it. */
  rejected: { readonly version: string; readonly message: string } | undefined;
  /** Connected proxies that have rejected `latest`. */
  rejecters = 0;
  /** The planner's look at a subscription in which the proxy was last found to have it and all that it needs. */
  completeInLook = 0;
  /** Whether its acknowledgements are yet to be published. */
  touched = false;
  #good: EncodedResource | undefined;
  #goodTick = 0;
  #latestTick = 0;
  #head: ResourceHead | undefined;
  #refused: readonly string[] = [];

  constructor(kind: ResourceKind, name: string, id: number, base: ResourceRecord | undefined, own = false) {
    this.own = own;
    this.kind = kind;
    this.name = name;
    this.id = id;
    this.base = base;
    this.onDemand = kind === 'cluster' && name.startsWith(onDemandPrefix);
    this.destination = this.onDemand ? destinationOf(name) : undefined;
  }

  /** What proxies call it: variants of the same routes have the same name. */
  get wireName(): string {
    return this.base?.name ?? this.name;
  }

  /** Whether proxies may get another record under the same name. */
  get hasSiblings(): boolean {
    return this.base !== undefined || this.variants !== undefined;
  }

  /** Other answers to the same name. */
  *siblings(): Generator<ResourceRecord, void, void> {
    const base = this.base ?? this;
    if (base !== this) yield base;
    for (const variant of base.variants?.values() ?? []) if (variant !== this) yield variant;
  }

  /** What comes before the body of a version on the wire; kept of `served`. */
  head(resource: EncodedResource): ResourceHead {
    if (this.#head !== undefined && resource === this.served) return this.#head;
    const { version, body } = resource;
    const head = new ResourceHead(typeUrls[this.kind], this.wireName, version, body.length);
    if (resource === this.served) this.#head = head;
    return head;
  }

  /** Takes over what the translation says. Returns whether proxies are concerned. */
  update(latest: EncodedResource | undefined, tick: number): boolean {
    if (latest?.version === this.latest?.version) return false;
    this.latest = latest;
    this.#latestTick = tick;
    this.rejected = undefined;
    this.rejecters = 0;
    if (latest === undefined) {
      this.#good = undefined;
      this.#serve(undefined, 0);
      // Also where nothing was served because of a quarantine: proxies may still hold what was good.
      return true;
    }
    const known = this.#refused.includes(latest.version);
    if (known) this.rejected = { version: latest.version, message: 'This version was rejected before.' };
    return known ? this.#serve(this.#good, this.#goodTick) : this.#serve(latest, tick);
  }

  /**
   * A proxy has acknowledged what was served at `tick`. Returns whether `served` has changed: `latest` is out
   * of quarantine when a proxy acknowledges it after all, and until then the newest that is known to be good
   * takes its place.
   */
  accept(resource: EncodedResource, tick: number): boolean {
    if (this.latest === undefined || resource === this.#good) return false;
    const proven = resource.version === this.latest.version;
    if (!proven && tick <= this.#goodTick) return false;
    this.#good = proven ? this.latest : resource;
    this.#goodTick = proven ? this.#latestTick : tick;
    if (proven) this.#refused = this.#refused.filter((version) => version !== resource.version);
    return proven || this.served !== this.latest ? this.#serve(this.#good, this.#goodTick) : false;
  }

  /**
   * A proxy rejects a version. Returns whether `served` has changed. It stays as it is where another proxy
   * has acknowledged the version: one proxy alone cannot take from all others what works for them.
   */
  reject(version: string, message: string): boolean {
    if (this.latest?.version !== version) return false;
    this.rejected ??= { version, message };
    if (this.#good === this.latest || this.served !== this.latest) return false;
    this.#refused = [...this.#refused.slice(-7), version];
    return this.#serve(this.#good, this.#goodTick);
  }

  /** The last proxy that rejected `latest` is gone. */
  forgive(): void {
    if (this.#good === this.latest) this.rejected = undefined;
  }

  #serve(resource: EncodedResource | undefined, tick: number): boolean {
    if (resource === this.served) return false;
    this.served = resource;
    this.tick = resource === undefined ? 0 : tick;
    this.#head = undefined;
    return true;
  }
}

export class ResourceTable {
  readonly #byName: Record<ResourceKind, Map<string, ResourceRecord>> = {
    secret: new Map(),
    cluster: new Map(),
    endpoints: new Map(),
    listener: new Map(),
    route: new Map(),
  };
  readonly #byId: Record<ResourceKind, (ResourceRecord | undefined)[]> = {
    secret: [],
    cluster: [],
    endpoints: [],
    listener: [],
    route: [],
  };
  readonly #free: Record<ResourceKind, number[]> = {
    secret: [],
    cluster: [],
    endpoints: [],
    listener: [],
    route: [],
  };
  #tick = 0;
  /** Without a resource behind them: asked for before they exist, or gone and still held somewhere. */
  #vacant = new Set<ResourceRecord>();

  /** Grows with every change of what is served; orders changes in time. */
  get tick(): number {
    return this.#tick;
  }

  get vacant(): number {
    return this.#vacant.size;
  }

  find(kind: ResourceKind, name: string): ResourceRecord | undefined {
    return this.#byName[kind].get(name);
  }

  /** The record of that name, made where there is none yet. */
  ensure(kind: ResourceKind, name: string): ResourceRecord {
    const known = this.#byName[kind].get(name);
    if (known !== undefined) return known;
    const [base, audience] = this.#baseOf(kind, name);
    const id = this.#free[kind].pop() ?? this.#byId[kind].length;
    const record = new ResourceRecord(kind, name, id, base);
    if (base !== undefined) (base.variants ??= new Map()).set(audience, record);
    this.#byName[kind].set(name, record);
    this.#byId[kind][record.id] = record;
    this.#vacant.add(record);
    return record;
  }

  /** The record of an on-demand cluster; undefined where the name is not of that form. */
  ensureOnDemand(name: string): ResourceRecord | undefined {
    const known = this.#byName.cluster.get(name);
    if (known !== undefined) return known;
    return destinationOf(name) === undefined ? undefined : this.ensure('cluster', name);
  }

  /** A record in the place of `base` for one proxy, until it is dropped. */
  ownOf(base: ResourceRecord): ResourceRecord {
    const { kind, name } = base;
    const id = this.#free[kind].pop() ?? this.#byId[kind].length;
    const record = new ResourceRecord(kind, name, id, base, true);
    this.#byId[kind][id] = record;
    return record;
  }

  /** Forgets an own record; its proxy is gone. */
  drop(record: ResourceRecord): void {
    this.#byId[record.kind][record.id] = undefined;
    this.#free[record.kind].push(record.id);
  }

  /** The record of a number that is in use. */
  at(kind: ResourceKind, id: number): ResourceRecord {
    const record = this.#byId[kind][id];
    if (record === undefined) throw new Error(`no ${kind} has the number ${id}`);
    return record;
  }

  /** Takes over what the translation says. Returns whether proxies are concerned. */
  update(record: ResourceRecord, latest: EncodedResource | undefined): boolean {
    const changed = record.update(latest, this.#tick + 1);
    if (latest === undefined) this.#vacant.add(record);
    else this.#vacant.delete(record);
    if (changed) this.served(record);
    return changed;
  }

  /** To be called whenever `record.served` has changed. */
  served(record: ResourceRecord): void {
    this.#tick++;
    const before = record.needs;
    const after = (record.served?.needs ?? []).map((need) => this.ensure(need.kind, need.name));
    if (before.length === after.length && before.every((need, index) => need === after[index])) return;
    for (const need of before) need.neededBy.delete(record);
    for (const need of after) need.neededBy.add(record);
    record.needs = after;
  }

  /** Forgets records that have no resource and that nobody refers to. */
  sweep(inUse: (record: ResourceRecord) => boolean): void {
    for (const record of this.#vacant) {
      if (record.neededBy.size > 0 || (record.variants?.size ?? 0) > 0 || inUse(record)) continue;
      this.#vacant.delete(record);
      this.#leaveBase(record);
      this.#byName[record.kind].delete(record.name);
      this.#byId[record.kind][record.id] = undefined;
      this.#free[record.kind].push(record.id);
    }
  }

  /** `<name>@<audience>` -> the record of `<name>`, and the audience: of routes a namespace, of listeners a profile. */
  #baseOf(kind: ResourceKind, name: string): readonly [ResourceRecord | undefined, string] {
    const at = kind === 'route' || kind === 'listener' ? name.indexOf(audienceMark) : -1;
    return at < 0 ? [undefined, ''] : [this.ensure(kind, name.slice(0, at)), name.slice(at + 1)];
  }

  #leaveBase(record: ResourceRecord): void {
    for (const [audience, variant] of record.base?.variants ?? []) {
      if (variant === record) record.base?.variants?.delete(audience);
    }
  }
}
