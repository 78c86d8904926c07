/**
 * What one proxy gets under a name that others have too: its own secret, or the routes for the clients of its
 * namespace. Also among whose holders it counts because of that.
 */

import { identitySecret, trustSecret } from '../../base/names.ts';
import type { ResourceRecord, ResourceTable } from './table.ts';
import type { WorkloadView } from './workload-view.ts';

/** Every proxy's bootstrap refers to these, whatever else it holds. */
export function isOfBootstrap({ kind, name }: ResourceRecord): boolean {
  return kind === 'secret' && (name === identitySecret || name === trustSecret);
}

export class OwnRecords {
  readonly #namespace: string;
  readonly #view: Pick<WorkloadView, 'has'>;
  readonly #hold: (record: ResourceRecord, by: 1 | -1) => void;
  /** By the shared record that each takes the place of. */
  readonly #own = new Map<ResourceRecord, ResourceRecord>();
  /** Of routes asked for: those for the proxy's namespace among whose holders it counts, by those for everyone. */
  readonly #counted = new Map<ResourceRecord, ResourceRecord>();

  /**
   * @param view the lists of the proxy's workload
   * @param hold counts the proxy among those who are to hold a record, or no longer
   */
  constructor(
    workload: string,
    view: Pick<WorkloadView, 'has'>,
    hold: (record: ResourceRecord, by: 1 | -1) => void,
  ) {
    this.#namespace = workload.slice(0, workload.indexOf('/'));
    this.#view = view;
    this.#hold = hold;
  }

  /** What the proxy gets under the record's name: its own secret, the routes for its namespace, or what everyone gets. */
  variant(record: ResourceRecord): ResourceRecord {
    const base = record.base ?? record;
    const own = this.#own.get(base);
    if (own !== undefined) return own;
    if (base.kind === 'listener') return this.#listed(base) ?? base;
    const variant = this.forNamespace(base);
    return variant?.served === undefined ? base : variant;
  }

  /** Which of the listeners of one name the proxy's lists name. */
  #listed(base: ResourceRecord): ResourceRecord | undefined {
    if (!base.hasSiblings || this.#view.has(base)) return base;
    for (const variant of base.siblings()) if (this.#view.has(variant)) return variant;
    return undefined;
  }

  /** What there is for the proxy's namespace, whether or not it is served. */
  forNamespace(base: ResourceRecord): ResourceRecord | undefined {
    return base.kind === 'listener' ? undefined : base.variants?.get(this.#namespace);
  }

  /** What there is for the proxy under the record's name instead of the record. */
  replacement(record: ResourceRecord): ResourceRecord | undefined {
    const wanted = this.variant(record);
    if (wanted === record) return undefined;
    // The proxy goes on with the listener it has as long as the one for it cannot be served.
    return wanted.served === undefined && record.kind !== 'listener' ? undefined : wanted;
  }

  /** The proxy's own record in the place of a shared one. */
  of(base: ResourceRecord): ResourceRecord | undefined {
    return this.#own.get(base);
  }

  /** The same, made where there is none yet. */
  ensure(base: ResourceRecord, table: ResourceTable): ResourceRecord {
    const known = this.#own.get(base);
    if (known !== undefined) return known;
    const record = table.ownOf(base);
    this.#own.set(base, record);
    return record;
  }

  /** The proxy asks for the name, or no longer. Who has a secret of its own is none of those who are to hold the shared one. */
  asked(record: ResourceRecord, by: 1 | -1): void {
    if (this.#own.has(record)) return;
    this.#hold(this.#counted.get(record) ?? record, by);
    if (by > 0) this.recount(record);
    else this.#counted.delete(record);
  }

  /** Has the proxy counted among those who are to hold what it gets under a name that it has asked for. */
  recount(base: ResourceRecord): void {
    if (base.kind !== 'route') return;
    const before = this.#counted.get(base) ?? base;
    const wanted = this.variant(base);
    if (before === wanted) return;
    this.#hold(before, -1);
    this.#hold(wanted, 1);
    if (wanted === base) this.#counted.delete(base);
    else this.#counted.set(base, wanted);
  }

  drop(table: ResourceTable): void {
    for (const record of this.#own.values()) table.drop(record);
    this.#own.clear();
  }
}
