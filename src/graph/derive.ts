/** One value, or none, per key of another collection. */

import { ComputedNode } from './computed.ts';
import type { Engine, GraphNode, Origin } from './node.ts';
import type { Read } from './types.ts';

export type Compute<I, O> = (key: string, input: I, read: Read) => O | undefined;

export class DerivedNode<I, O> extends ComputedNode<I, O | undefined, O> {
  readonly #compute: Compute<I, O>;
  readonly #equal: (a: O, b: O) => boolean;

  constructor(
    engine: Engine,
    name: string,
    order: number,
    over: GraphNode<I>,
    compute: Compute<I, O>,
    equal: (a: O, b: O) => boolean,
  ) {
    super(engine, name, order, over);
    this.#compute = compute;
    this.#equal = equal;
  }

  protected override compute(key: string, input: I, read: Read): O | undefined {
    return this.#compute(key, input, read);
  }

  protected override accept(key: string, after: O | undefined): void {
    const before = this.now.get(key);
    if (before === after) return;
    if (before !== undefined && after !== undefined && this.#equal(before, after)) return;
    this.publish(key, after);
  }

  protected override drop(key: string): void {
    if (this.now.has(key)) this.publish(key, undefined);
  }

  override origins(key: string): readonly Origin[] {
    return this.originsOfInput(key);
  }
}
