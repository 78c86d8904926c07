/**
 * For random.test.ts alone: random graphs, described as data so that they can be built on the engine and
 * evaluated naively beside it.
 */

import type { Collection, GraphApi, Source } from './types.ts';

export interface Random {
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
}

/** A small generator with a seed (xorshift32), so that a failure can be repeated. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) || 1;
  const below = (limit: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  return {
    below,
    pick: (from) => {
      const found = from[below(from.length)];
      if (found === undefined) throw new Error('nothing to pick from');
      return found;
    },
  };
}

export interface Step {
  readonly kind: 'derive' | 'expand' | 'index' | 'union';
  readonly name: string;
  readonly over: string;
  /** Collections that the function may read, depending on its data; of a union, its other parts. */
  readonly readable: readonly string[];
  readonly salt: number;
  readonly throwing: boolean;
}

export interface Plan {
  readonly sources: readonly string[];
  readonly steps: readonly Step[];
}

export function randomPlan(random: Random, options: { readonly throwing: boolean }): Plan {
  const sources = Array.from({ length: 1 + random.below(3) }, (_, i) => `source${i}`);
  const names = [...sources];
  const steps: Step[] = [];
  for (let i = 2 + random.below(7); i > 0; i--) {
    const kind = random.pick(['derive', 'derive', 'expand', 'index', 'union'] as const);
    const name = `${kind}${i}`;
    steps.push({
      kind,
      name,
      over: random.pick(names),
      readable: names.filter(() => random.below(2) === 0),
      salt: random.below(1000),
      throwing: options.throwing && random.below(2) === 0,
    });
    names.push(name);
  }
  return { sources, steps };
}

type Reader = (collection: string, key: string) => unknown;

const keyspace = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

function hash(text: string): number {
  let value = 2166136261;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16777619) >>> 0;
  return value;
}

const keyFor = (value: number): string => keyspace[value % keyspace.length] ?? 'a';

/** Reads what the data says, up to three values of which each decides the next, then decides by all of it. */
function digest(step: Step, key: string, input: unknown, read: Reader): number {
  let value = hash(`${step.salt} ${key} ${JSON.stringify(input)}`);
  for (let reads = step.readable.length === 0 ? 0 : value % 4; reads > 0; reads--) {
    const from = step.readable[value % step.readable.length] ?? '';
    value = hash(`${value} ${JSON.stringify(read(from, keyFor(value >>> 3)))}`);
  }
  if (step.throwing && value % 7 === 0) throw new Error(`${step.name} ${key} fails on ${value}`);
  return value >>> 4;
}

function deriveValue(step: Step, key: string, input: unknown, read: Reader): unknown {
  const value = digest(step, key, input, read);
  return value % 5 === 0 ? undefined : { n: value % 6 };
}

function expandValues(step: Step, key: string, input: unknown, read: Reader): Map<string, unknown> {
  const value = digest(step, key, input, read);
  const outputs = new Map<string, unknown>();
  for (let i = value % 4; i > 0; i--) outputs.set(keyFor(value >>> (i * 3)), { n: (value >>> i) % 3 });
  return outputs;
}

function groupsOf(step: Step, key: string, input: unknown): Set<string> {
  const value = digest({ ...step, readable: [] }, key, input, () => undefined);
  return new Set(Array.from({ length: value % 3 }, (_, i) => keyFor(value >>> (i * 3))));
}

/** Called with everything a function saw, each time one runs. */
type Observer = (name: string, key: string, reads: readonly unknown[]) => void;

export function build(graph: GraphApi, plan: Plan, observe: Observer = () => {}) {
  const sources = new Map<string, Source<{ readonly n: number }>>();
  const collections = new Map<string, Collection<unknown>>();
  for (const name of plan.sources) {
    const source = graph.source<{ readonly n: number }>(name);
    sources.set(name, source);
    collections.set(name, source);
  }
  const known = (name: string): Collection<unknown> => {
    const collection = collections.get(name);
    if (collection === undefined) throw new Error(`no collection ${name}`);
    return collection;
  };
  const observed = <T>(
    step: Step,
    key: string,
    input: unknown,
    run: (read: Reader) => T,
    reader: Reader,
  ): T => {
    const seen: unknown[] = [input];
    try {
      return run((name, each) => {
        const value = reader(name, each);
        seen.push([name, each, value]);
        return value;
      });
    } finally {
      observe(step.name, key, seen);
    }
  };
  for (const step of plan.steps) {
    const over = known(step.over);
    if (step.kind === 'derive') {
      collections.set(
        step.name,
        graph.derive(step.name, over, (key, input, read) =>
          observed(
            step,
            key,
            input,
            (reader) => deriveValue(step, key, input, reader),
            (name, each) => read(known(name), each),
          ),
        ),
      );
    } else if (step.kind === 'expand') {
      collections.set(
        step.name,
        graph.expand(step.name, over, (key, input, read) =>
          observed(
            step,
            key,
            input,
            (reader) => expandValues(step, key, input, reader),
            (name, each) => read(known(name), each),
          ),
        ),
      );
    } else if (step.kind === 'union') {
      const parts = [over, ...step.readable.map(known)];
      collections.set(step.name, graph.union(step.name, parts));
    } else {
      collections.set(
        step.name,
        graph.index(step.name, over, (input, key) =>
          observed(
            step,
            key,
            input,
            () => groupsOf(step, key, input),
            () => undefined,
          ),
        ),
      );
    }
  }
  return { sources, collections };
}

/** What the naive evaluation gives, with what it must remember: the last good result of every function. */
export interface State {
  readonly values: Map<string, Map<string, unknown>>;
  readonly failed: Map<string, Set<string>>;
  readonly good: Map<string, Map<string, unknown>>;
}

interface Grouped {
  readonly input: unknown;
  readonly groups: ReadonlySet<string>;
}

/** Computes every collection from nothing; `before` serves only those functions that throw now. */
export function evaluate(
  plan: Plan,
  sources: ReadonlyMap<string, ReadonlyMap<string, unknown>>,
  before?: State,
): State {
  const state: State = { values: new Map(), failed: new Map(), good: new Map() };
  for (const name of plan.sources) state.values.set(name, new Map(sources.get(name)));
  const read: Reader = (name, key) => state.values.get(name)?.get(key);
  for (const step of plan.steps) {
    if (step.kind === 'union') {
      const parts = [step.over, ...step.readable].map((name) => state.values.get(name) ?? new Map());
      // The first part's value counts, so it is put in last.
      state.values.set(step.name, new Map(parts.reverse().flatMap((part) => [...part])));
      continue;
    }
    const inputs = [...(state.values.get(step.over) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const good = new Map<string, unknown>();
    const failed = new Set<string>();
    const formerGood = before?.good.get(step.name);
    for (const [key, input] of inputs) {
      try {
        if (step.kind === 'derive') good.set(key, deriveValue(step, key, input, read));
        else if (step.kind === 'expand') good.set(key, expandValues(step, key, input, read));
        else good.set(key, { input, groups: groupsOf(step, key, input) } satisfies Grouped);
      } catch {
        failed.add(key);
        if (formerGood?.has(key)) good.set(key, formerGood.get(key));
      }
    }
    state.good.set(step.name, good);
    state.values.set(step.name, collect(step, good, failed));
    state.failed.set(step.name, failed);
  }
  return state;
}

function collect(step: Step, good: ReadonlyMap<string, unknown>, failed: Set<string>): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [key, result] of [...good].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (step.kind === 'derive') {
      if (result !== undefined) values.set(key, result);
    } else if (step.kind === 'expand') {
      for (const [output, value] of result as Map<string, unknown>) {
        if (values.has(output)) failed.add(key);
        else values.set(output, value);
      }
    } else {
      const { input, groups } = result as Grouped;
      for (const group of groups) {
        const members = (values.get(group) ?? []) as unknown[];
        values.set(group, [...members, { key, value: input }]);
      }
    }
  }
  return values;
}
