/**
 * Taps as somebody asks for them: the proxies of the target are switched on, their logs, which may arrive at any replica,
 * are gathered from all, and everything is undone when whoever asked is gone.
 *
 *   proxy ──log──> replica A: hub ──> TapQueue ──> the one who asked
 *   proxy ──log──> replica B: hub ──> stream to A ──┘
 */

import type { Clock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Collection } from '../graph/types.ts';
import type { MeshPod } from '../mesh/model.ts';
import type { TapEvent, TapLine } from './model.ts';
import { isTarget, type TapSpec } from './tap-filter.ts';
import type { TapHub } from './tap-hub.ts';
import { TapJoin } from './tap-join.ts';
import { TapQueue } from './tap-queue.ts';
import type { TapSwitch } from './tap-switch.ts';

/** Another replica of the control plane. */
export interface TapPeer {
  readonly name: string;
}

export interface TapsOptions<Peer extends TapPeer> {
  readonly hub: TapHub;
  readonly power: Pick<TapSwitch, 'on' | 'off' | 'contents'>;
  readonly pods: Collection<MeshPod>;
  /** Whether a policy denies that requests of this pod are shown. */
  readonly denies: (pod: MeshPod) => boolean;
  readonly others: () => readonly Peer[];
  /** The lines of `Taps.forPeer` of another replica. */
  readonly follow: (peer: Peer, spec: TapSpec, signal: AbortSignal) => AsyncIterable<PeerLine>;
  readonly clock: Clock;
}

/** What one replica tells another: that it listens, then what it hears. */
export type PeerLine =
  | { readonly listening: true }
  | { readonly event: TapEvent }
  | { readonly dropped: number };

/** How often proxies that may have been restarted are switched on again, and new replicas asked. */
const refreshMs = 10_000;
const tellDroppedMs = 1_000;
/** How long other replicas may take until proxies are switched on without them. */
const patienceMs = 2_000;

export class Taps<Peer extends TapPeer> {
  readonly #options: TapsOptions<Peer>;

  constructor(options: TapsOptions<Peer>) {
    this.#options = options;
  }

  /** Ends when the signal aborts, or when the one pod that was asked for is gone. */
  open(spec: TapSpec, signal: AbortSignal): AsyncIterable<TapLine> {
    return new Tap(this.#options, spec, signal).lines();
  }

  /** What this replica hears of another's tap, for as long as that one listens. */
  async *forPeer(spec: TapSpec, signal: AbortSignal): AsyncGenerator<PeerLine> {
    const { hub, clock } = this.#options;
    const queue = new TapQueue<PeerLine>(clock, spec.maxPerSecond);
    queue.tell({ listening: true });
    const unsubscribe = hub.subscribe(spec, (event) => queue.offer({ event }));
    const stopTelling = every(clock, tellDroppedMs, () => {
      const dropped = queue.takeDropped();
      if (dropped > 0) queue.tell({ dropped });
    });
    signal.addEventListener('abort', () => queue.end(), { once: true });
    if (signal.aborted) queue.end();
    try {
      yield* queue;
    } finally {
      stopTelling();
      unsubscribe();
    }
  }
}

/** A pod whose proxy is switched on. */
interface Watched {
  readonly pod: MeshPod;
  /** Why it is not on; empty where it is. */
  trouble: string;
  contents: 'none' | 'reading' | 'failed';
}

class Tap<Peer extends TapPeer> {
  readonly #options: TapsOptions<Peer>;
  readonly #spec: TapSpec;
  readonly #queue: TapQueue<TapLine>;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  /** By key. */
  readonly #pods = new Map<string, Watched>();
  readonly #followed = new Map<string, 'listening' | 'trying'>();
  readonly #join: TapJoin | undefined;
  #droppedElsewhere = 0;

  constructor(options: TapsOptions<Peer>, spec: TapSpec, signal: AbortSignal) {
    this.#options = options;
    this.#spec = spec;
    this.#queue = new TapQueue(options.clock, spec.maxPerSecond);
    this.#signal = AbortSignal.any([signal, this.#end.signal]);
    const { clock } = options;
    const deliver = (event: TapEvent): void => this.#queue.offer(event);
    this.#join = spec.content === undefined ? undefined : new TapJoin({ clock, spec: spec.content, deliver });
  }

  async *lines(): AsyncGenerator<TapLine> {
    const { hub, pods, clock } = this.#options;
    if (this.#signal.aborted) return;
    this.#signal.addEventListener('abort', () => this.#queue.end(), { once: true });
    const stops = [
      hub.subscribe(this.#spec, (event) => this.#heard(event)),
      every(clock, tellDroppedMs, () => this.#tellDropped()),
    ];
    const begun = this.#begin().then(() => {
      if (this.#signal.aborted) return;
      stops.push(
        every(clock, refreshMs, () => {
          void this.#follow();
          void this.#switchOn([...this.#pods.keys()]);
        }),
        pods.subscribe((changes) => this.#changed(changes.map(({ key }) => key))),
      );
    });
    try {
      yield* this.#queue;
    } finally {
      this.#end.abort();
      await begun;
      for (const stop of stops) stop();
      this.#join?.close();
      await this.#switchOff();
    }
  }

  #heard(event: TapEvent): void {
    if (this.#join === undefined) this.#queue.offer(event);
    else this.#join.event(event);
  }

  async #begin(): Promise<void> {
    await Promise.race([this.#follow(), after(this.#options.clock, patienceMs)]);
    const targets = [...this.#options.pods.entries()].filter(([, pod]) => isTarget(this.#spec, pod));
    await this.#switchOn(targets.map(([key]) => key));
    if (targets.length === 0) {
      return this.#tell(`No pod of ${this.#spec.target} has a proxy; those to come will be shown.`);
    }
    const watched = [...this.#pods.values()].filter(({ trouble }) => trouble === '').length;
    // The first line also lets whoever asks know that the tap stands.
    this.#tell(`Watching ${watched} ${watched === 1 ? 'proxy' : 'proxies'} of ${this.#spec.target}.`);
  }

  #changed(keys: readonly string[]): void {
    const added: string[] = [];
    for (const key of keys) {
      const pod = this.#options.pods.get(key);
      const known = this.#pods.get(key);
      const replaced = known !== undefined && known.pod.uid !== pod?.uid;
      if (replaced) {
        this.#pods.delete(key);
        this.#tell(`Pod ${key} is gone.`);
        if (this.#spec.target.split('/')[1] === 'Pod' && pod === undefined) return this.#end.abort();
      }
      if (pod !== undefined && isTarget(this.#spec, pod) && !this.#pods.has(key)) added.push(key);
    }
    if (added.length > 0) void this.#switchOn(added);
  }

  async #switchOn(keys: readonly string[]): Promise<void> {
    await Promise.all(
      keys.map(async (key) => {
        const pod = this.#options.pods.get(key);
        // One without an address will change once it has one.
        if (pod === undefined || pod.addresses.length === 0 || this.#signal.aborted) return;
        const entry = this.#pods.get(key) ?? { pod, trouble: '', contents: 'none' };
        this.#pods.set(key, entry);
        const trouble = await this.#power(pod);
        if (trouble !== '' && trouble !== entry.trouble && this.#pods.get(key) === entry) {
          this.#tell(`Pod ${key} shows nothing: ${trouble}.`);
        }
        entry.trouble = trouble;
        if (trouble === '') void this.#readContents(key, entry);
      }),
    );
  }

  /** Why its proxy is not on; empty where it is. */
  #power(pod: MeshPod): Promise<string> {
    const { denies, power } = this.#options;
    if (denies(pod)) return Promise.resolve('a TelemetryPolicy denies it');
    return power.on(pod).then(() => '', describeError);
  }

  async #readContents(key: string, entry: Watched): Promise<void> {
    const { content } = this.#spec;
    if (content === undefined || entry.contents === 'reading') return;
    const isFirst = entry.contents === 'none';
    entry.contents = 'reading';
    let why = 'the proxy has ended it';
    try {
      const contents = await this.#options.power.contents(entry.pod, content, this.#signal);
      for await (const one of contents) this.#join?.content(key, one);
    } catch (error) {
      // Envoy has one such stream for all.
      why = /already exists/.test(describeError(error))
        ? 'somebody else is looking at them'
        : describeError(error);
    }
    entry.contents = 'failed';
    if (this.#signal.aborted || this.#pods.get(key) !== entry || !isFirst) return;
    this.#tell(`Headers of pod ${key} are not shown: ${why}.`);
  }

  async #switchOff(): Promise<void> {
    const { hub, power } = this.#options;
    const unwanted = [...this.#pods.values()].filter(({ pod }) => !hub.wants(pod));
    await Promise.all(unwanted.map(({ pod }) => power.off(pod)));
  }

  /** Resolves when each other replica listens or has said that it will not. */
  async #follow(): Promise<void> {
    const missing = this.#options.others().filter(({ name }) => !this.#followed.has(name));
    await Promise.all(
      missing.map((peer) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#followed.set(peer.name, 'trying');
        void this.#listenTo(peer, resolve).finally(resolve);
        return promise;
      }),
    );
  }

  async #listenTo(peer: Peer, listening: () => void): Promise<void> {
    let why = 'it has ended';
    try {
      for await (const line of this.#options.follow(peer, this.#spec, this.#signal)) {
        if ('event' in line) this.#heard(line.event);
        else if ('dropped' in line) this.#droppedElsewhere += line.dropped;
        else {
          this.#followed.set(peer.name, 'listening');
          listening();
        }
      }
    } catch (error) {
      why = describeError(error);
    }
    if (this.#signal.aborted) return;
    this.#followed.delete(peer.name);
    this.#tell(
      `Requests that are reported to replica ${peer.name} of the control plane are missing: ${why}.`,
    );
  }

  #tellDropped(): void {
    const dropped = this.#queue.takeDropped() + this.#droppedElsewhere;
    this.#droppedElsewhere = 0;
    if (dropped === 0) return;
    const notice = `${dropped} more requests matched than the limit of ${this.#spec.maxPerSecond} a second lets through.`;
    this.#queue.tell({ at: this.#at(), notice, dropped });
  }

  #tell(notice: string): void {
    this.#queue.tell({ at: this.#at(), notice });
  }

  #at(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}

function every(clock: Clock, periodMs: number, action: () => void): () => void {
  let cancel = clock.after(periodMs, step);
  function step(): void {
    action();
    cancel = clock.after(periodMs, step);
  }
  return () => cancel();
}

function after(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}
