/**
 * Any number of values per key of another collection, under keys of their own. An output key that several
 * inputs claim belongs to the lowest of them; when that one lets go, the next takes over.
 */

import { ComputedNode } from './computed.ts';
import type { Engine, GraphNode, Origin } from './node.ts';
import type { Read } from './types.ts';

export type Expansion<I, O> = (key: string, input: I, read: Read) => Iterable<readonly [string, O]>;

export class ExpandedNode<I, O> extends ComputedNode<I, ReadonlyMap<string, O>, O> {
  readonly #compute: Expansion<I, O>;
  readonly #equal: (a: O, b: O) => boolean;
  /** What each input gave last. */
  readonly #outputs = new Map<string, ReadonlyMap<string, O>>();
  /** The inputs that claim an output key; an array, in ascending order, only where there are several. */
  readonly #claims = new Map<string, string | readonly string[]>();
  /** Output keys whose claims or values changed: decided only when all inputs are recomputed. */
  readonly #undecided = new Set<string>();

  constructor(
    engine: Engine,
    name: string,
    order: number,
    over: GraphNode<I>,
    compute: Expansion<I, O>,
    equal: (a: O, b: O) => boolean,
  ) {
    super(engine, name, order, over);
    this.#compute = compute;
    this.#equal = equal;
  }

  protected override compute(key: string, input: I, read: Read): ReadonlyMap<string, O> {
    const outputs = new Map<string, O>();
    for (const [outputKey, value] of this.#compute(key, input, read)) {
      if (outputs.has(outputKey)) throw new Error(`${this.name}: ${key} gives ${outputKey} twice`);
      outputs.set(outputKey, value);
    }
    return outputs;
  }

  protected override accept(key: string, outputs: ReadonlyMap<string, O>): void {
    const former = this.#outputs.get(key);
    if (outputs.size === 0) this.#outputs.delete(key);
    else this.#outputs.set(key, outputs);
    for (const outputKey of former?.keys() ?? []) {
      if (outputs.has(outputKey)) continue;
      this.#release(outputKey, key);
      this.#undecided.add(outputKey);
    }
    for (const outputKey of outputs.keys()) {
      if (former?.has(outputKey) !== true) this.#claim(outputKey, key);
      this.#undecided.add(outputKey);
    }
  }

  protected override drop(key: string): void {
    this.accept(key, new Map<string, O>());
  }

  override step(): boolean {
    if (!super.step()) return false;
    for (const outputKey of this.#undecided) {
      this.#undecided.delete(outputKey);
      this.#decide(outputKey);
      if (this.engine.expired()) return false;
    }
    return true;
  }

  #decide(outputKey: string): void {
    const owner = this.#ownerOf(outputKey);
    const before = this.now.get(outputKey);
    const after = owner === undefined ? undefined : this.#outputs.get(owner)?.get(outputKey);
    if (before === after) return;
    if (before !== undefined && after !== undefined && this.#equal(before, after)) return;
    this.publish(outputKey, after);
  }

  #ownerOf(outputKey: string): string | undefined {
    const claims = this.#claims.get(outputKey);
    return typeof claims === 'string' ? claims : claims?.[0];
  }

  #claim(outputKey: string, key: string): void {
    const claims = this.#claims.get(outputKey);
    if (claims === undefined) this.#claims.set(outputKey, key);
    else this.#claims.set(outputKey, (typeof claims === 'string' ? [claims, key] : [...claims, key]).sort());
  }

  #release(outputKey: string, key: string): void {
    const claims = this.#claims.get(outputKey);
    const left = typeof claims === 'string' ? [] : (claims ?? []).filter((claimant) => claimant !== key);
    if (left.length > 1) this.#claims.set(outputKey, left);
    else if (left[0] !== undefined) this.#claims.set(outputKey, left[0]);
    else this.#claims.delete(outputKey);
  }

  /** Of an input key: what its function threw, or that another input has taken one of its outputs. */
  override errorOf(key: string): Error | undefined {
    const thrown = super.errorOf(key);
    if (thrown !== undefined) return thrown;
    for (const outputKey of this.#outputs.get(key)?.keys() ?? []) {
      const owner = this.#ownerOf(outputKey);
      if (owner !== key)
        return new Error(`${this.name}: ${outputKey} of ${key} is already given by ${owner}`);
    }
    return undefined;
  }

  /** Of an output key. */
  override origins(outputKey: string): readonly Origin[] {
    const owner = this.#ownerOf(outputKey);
    return owner === undefined ? [] : this.originsOfInput(owner);
  }

  override errorBehind(outputKey: string): Error | undefined {
    const owner = this.#ownerOf(outputKey);
    return owner === undefined ? undefined : super.errorOf(owner);
  }
}
