/**
 * What one stream wants, holds and waits for of one resource type: bits, by the numbers of the table.
 *
 *   told ── begin, as soon as it is known what the proxy uses ──> begun
 *
 *             wanted                        send                  ACK
 *   (nothing) ─────────> stale ──────────────────> in flight ────────────> held
 *                          ^                           │ change, or NACK      │ change
 *                          └───────────────────────────┴──────────────────────┘
 *   held ── unlisted or deleted ──> leaving ── send as removed, ACK ──> (nothing)
 *   (nothing) ── asked for and not there ──> unanswered ── send as removed ──> (nothing, still subscribed)
 *
 * At most one response is in flight. What changes meanwhile only sets bits; the next response is made of
 * what is true when the answer to this one has come.
 */

import { type ResourceKind, resourceKinds, typeUrls } from '../resource.ts';
import type { Batch } from './batch.ts';
import { IdSet } from './id-set.ts';
import type { ResourceRecord } from './table.ts';
import type { HeldVersion } from './wire.ts';

const kindByUrl = new Map<string, ResourceKind>(resourceKinds.map((kind) => [typeUrls[kind], kind]));

/** Undefined for a type that is not served. */
export function kindOf(typeUrl: string): ResourceKind | undefined {
  return kindByUrl.get(typeUrl);
}

/** Whether resources of the kind are subscribed by the wildcard, and not by name. */
export function isListed(kind: ResourceKind): boolean {
  return kind === 'cluster' || kind === 'listener';
}

export class Subscription {
  readonly kind: ResourceKind;
  /** Subscribed to all that the workload's lists name. */
  wildcard = false;
  /** A first answer is owed even if it is empty: Envoy waits for it. */
  greet = false;
  /** What the proxy said it holds, until that is compared with what it is to hold. */
  told: readonly HeldVersion[] | undefined;
  /** Subscribed by name. */
  readonly names = new IdSet();
  /** Acknowledged in some version. */
  readonly held = new IdSet();
  /** Held in the version that is served: exactly these are counted in `record.current`. */
  readonly counted = new IdSet();
  /** Held in an older version and not wanted at present; to be sent should it be wanted again. */
  readonly outdated = new IdSet();
  /** To be sent. */
  readonly stale = new IdSet();
  /** Held, and to be removed. */
  readonly leaving = new IdSet();
  /** Subscribed, not there, and to be answered once. */
  readonly unanswered = new IdSet();
  /**
   * Whether anything has come since `plan` looked at the subscription last, or happened that what waits here may
   * wait for, apart from changes of resources: those are seen by `plannedTick`, the table's tick at that time.
   */
  unplanned = true;
  plannedTick = 0;
  inFlight: Batch | undefined;
  /** After a NACK that named nobody: groups that are sent one after the other until the culprit is alone. */
  suspects: (readonly ResourceRecord[])[] = [];
  /** The table's tick when everything wanted was last held. */
  syncedTick = 0;
  /** When the first of what is stale became so; 0 while nothing is. */
  staleSinceMs: number | undefined;

  constructor(kind: ResourceKind, told: readonly HeldVersion[]) {
    this.kind = kind;
    this.told = told;
  }

  get begun(): boolean {
    return this.told === undefined;
  }

  /** Whether there may be something to send now. */
  get due(): boolean {
    if (this.inFlight !== undefined || this.told !== undefined) return false;
    return this.stale.size > 0 || this.leaving.size > 0 || this.unanswered.size > 0 || this.greet;
  }

  /** Whether something is in flight or waits to be sent. */
  get busy(): boolean {
    return this.inFlight !== undefined || this.stale.size > 0 || this.leaving.size > 0;
  }

  /** Whether the proxy is yet to acknowledge an addition or update of the record. */
  awaits(record: ResourceRecord): boolean {
    return this.stale.has(record.id) || (this.inFlight?.sends(record) ?? false);
  }

  /** Whether the proxy holds the record in some version, and will for all that has been sent to it. */
  keeps(record: ResourceRecord): boolean {
    return this.held.has(record.id) && !(this.inFlight?.removes(record) ?? false);
  }

  /** Counts the record as held in the version that is served, or no longer. Returns whether that is new. */
  count(record: ResourceRecord, current: boolean): boolean {
    if (current ? !this.counted.add(record.id) : !this.counted.delete(record.id)) return false;
    record.current += current ? 1 : -1;
    return true;
  }

  /** @param tick of the table when what is wanted was last as before */
  markStale(record: ResourceRecord, tick: number, clock: { readonly monotonic: () => number }): void {
    if (this.stale.size === 0 && this.inFlight === undefined) {
      this.syncedTick = tick;
      this.staleSinceMs = clock.monotonic();
    }
    this.unplanned = true;
    this.leaving.delete(record.id);
    this.unanswered.delete(record.id);
    this.outdated.delete(record.id);
    this.stale.add(record.id);
  }

  /** Notes that the proxy holds another version than the one that is served, of something it is not to hold now. */
  markOutdated(record: ResourceRecord): void {
    if (this.held.has(record.id)) this.outdated.add(record.id);
  }

  /** There is nothing to be sent any more; a proxy that asked and has nothing yet is still owed an answer. */
  cancel(record: ResourceRecord): void {
    if (!this.stale.delete(record.id)) return;
    this.unplanned = true;
    if (this.held.has(record.id)) this.outdated.add(record.id);
    else if (this.names.has(record.id) && !record.onDemand) this.unanswered.add(record.id);
  }

  /** Has the record removed if the proxy holds it, or will once the response in flight is acknowledged. */
  markLeaving(record: ResourceRecord): void {
    this.cancel(record);
    if (!this.held.has(record.id) && this.inFlight?.sends(record) !== true) return;
    this.unanswered.delete(record.id);
    this.leaving.add(record.id);
  }

  /** Has the proxy told that there is no such resource. */
  markUnanswered(record: ResourceRecord): void {
    this.unplanned = true;
    this.stale.delete(record.id);
    this.leaving.delete(record.id);
    this.unanswered.add(record.id);
  }

  /** Forgets what was sent of the record; whether it is subscribed stays. */
  forget(record: ResourceRecord): void {
    const { held, outdated, stale, leaving, unanswered } = this;
    for (const set of [held, outdated, stale, leaving, unanswered]) set.delete(record.id);
  }

  /** Whether the number of the record is in use here. */
  refersTo(record: ResourceRecord): boolean {
    const { id } = record;
    return (
      this.names.has(id) ||
      this.held.has(id) ||
      this.stale.has(id) ||
      this.leaving.has(id) ||
      this.unanswered.has(id) ||
      this.inFlight?.sends(record) === true ||
      this.inFlight?.removes(record) === true
    );
  }
}
