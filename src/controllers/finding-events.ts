/**
 * Tells on the objects what analysis finds: one Event for each error or warning when it has lasted for a moment, as the
 * leader. What was told is kept in a ConfigMap, so that neither a restart nor a change of leader tells it again; what is
 * mended is forgotten, and told anew if it comes back.
 *
 *   findings ──subscribe──> queue, one key per object ──> Events
 *                                 └── key `told` ──> ConfigMap weft-findings
 */

import { createHash } from 'node:crypto';
import type { Finding } from '../analysis/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { managedBy } from '../base/names.ts';
import type { Collection } from '../graph/types.ts';
import { isKubeError } from '../kube/errors.ts';
import type { EventRecorder, EventSubject } from '../kube/events.ts';
import * as resources from '../kube/resources.ts';
import { apiVersionOf, configMaps } from '../kube/resources.ts';
import type { KubeApi, KubeObject, ResourceType } from '../kube/types.ts';
import { type ReconcileResult, WorkQueue } from '../kube/workqueue.ts';
import { type Leadership, whileLeading } from './leading.ts';
import { retryBackoff } from './retry.ts';

export interface FindingEventsOptions {
  readonly api: Pick<KubeApi, 'get' | 'apply'>;
  /** Keyed `<kind>/<namespace>/<name>`, or `<kind>/<name>`. */
  readonly findings: Collection<readonly Finding[]>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly leadership: Leadership;
  /** Of the control plane. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Objects come one after the other, in any order: what is missing for a moment is not worth an Event. */
const settleMs = 10_000;
const writeDelayMs = 5_000;
const toldName = 'weft-findings';
const toldKey = 'told';
/** About 250 KB; what does not fit is told again after a restart. */
const mostTold = 20_000;
/** Whoever has more to mend finds them with `weft analyze`. */
const mostPerObject = 10;

export class FindingEvents {
  readonly #options: FindingEventsOptions;
  readonly #queue: WorkQueue;
  /** Digests of findings, by key of the object; undefined until it is known what was told before. */
  #told: Map<string, Set<string>> | undefined;
  #written = '';

  constructor(options: FindingEventsOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      name: 'finding-events',
      reconcile: (key) => (key === toldKey ? this.#write() : this.#tell(key)),
      log: options.log,
      clock: options.clock,
      backoff: retryBackoff,
    });
  }

  /** Runs until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return whileLeading(this.#options.leadership, signal, (term) => this.#lead(term));
  }

  async #lead(term: AbortSignal): Promise<void> {
    this.#told = undefined;
    const { findings } = this.#options;
    const stop = findings.subscribe((changes) => {
      for (const { key, after } of changes) this.#queue.addAfter(key, after === undefined ? 0 : settleMs);
    });
    for (const key of findings.keys()) this.#queue.addAfter(key, settleMs);
    await this.#queue.run(term);
    stop();
  }

  /** Of one object: what is new is told, what is no longer found is forgotten. */
  async #tell(key: string): Promise<ReconcileResult | undefined> {
    const told = (this.#told ??= await this.#read());
    const wanted = (this.#options.findings.get(key) ?? [])
      .filter(({ severity }) => severity !== 'info')
      .slice(0, mostPerObject);
    const before = told.get(key) ?? new Set<string>();
    const digests = new Map(wanted.map((finding) => [digestOf(finding), finding]));
    const fresh = [...digests].filter(([digest]) => !before.has(digest));
    if (fresh.length > 0) {
      const [, first] = fresh[0] ?? [];
      const regarding = first === undefined ? undefined : await this.#subjectOf(first);
      // It is gone, or will be in a moment; the graph will say so.
      if (regarding === undefined) return undefined;
      for (const [, finding] of fresh) this.#options.events.record(eventOf(finding, regarding));
    }
    if (digests.size === 0) told.delete(key);
    else told.set(key, new Set(digests.keys()));
    if (fresh.length > 0 || before.size !== digests.size) this.#queue.addAfter(toldKey, writeDelayMs);
    return undefined;
  }

  /** With its uid, by which `kubectl describe` looks for Events; undefined where the object does not exist. */
  async #subjectOf({ object }: Finding): Promise<EventSubject | undefined> {
    const { apiVersion, kind, namespace, name } = object;
    const known = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
    const type = types.find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
    if (type === undefined) return known;
    try {
      const found = await this.#options.api.get<KubeObject>(type, name, namespace);
      if (found === undefined) return undefined;
      const { uid } = found.metadata;
      return uid === undefined ? known : { ...known, uid };
    } catch (error) {
      if (isKubeError(error, 403)) return known;
      throw error;
    }
  }

  async #read(): Promise<Map<string, Set<string>>> {
    const { api, namespace, findings } = this.#options;
    const stored = await api.get<ConfigMap>(configMaps, toldName, namespace);
    this.#written = stored?.data?.[toldKey] ?? '';
    const digests = new Set(this.#written.split('\n'));
    const told = new Map<string, Set<string>>();
    for (const [key, found] of findings.entries()) {
      const known = found.map(digestOf).filter((digest) => digests.has(digest));
      if (known.length > 0) told.set(key, new Set(known));
    }
    return told;
  }

  async #write(): Promise<undefined> {
    if (this.#told === undefined) return;
    const digests = [...this.#told.values()].flatMap((each) => [...each]).sort();
    const text = digests.slice(0, mostTold).join('\n');
    if (text === this.#written) return;
    const object: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: toldName,
        namespace: this.#options.namespace,
        labels: { 'app.kubernetes.io/managed-by': managedBy },
      },
      data: { [toldKey]: text },
    };
    await this.#options.api.apply(configMaps, object, { fieldManager: 'weft-findings', force: true });
    this.#written = text;
  }
}

/** Every kind of which something may be found, for its path in the API. */
const types: readonly ResourceType[] = Object.values(resources).filter(
  (one): one is ResourceType => typeof one === 'object' && 'plural' in one,
);

function digestOf({ code, object, path, message }: Finding): string {
  const text = JSON.stringify([code, object.kind, object.namespace, object.name, path, message]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}

function eventOf({ code, path, message, fix }: Finding, regarding: EventSubject) {
  const where = path === '' ? '' : `${path}: `;
  return {
    regarding,
    type: 'Warning' as const,
    reason: 'Finding',
    action: 'Analyze',
    note: `${code}: ${where}${message}. ${fix}`,
  };
}
