/**
 * The proof: whatever the graph and whatever is written to it, the incremental result is the one that a naive
 * recomputation of everything gives; nobody ever sees a mixture of two states; and no function runs unless
 * something that it read has changed. A failure prints its seed; `WEFT_GRAPH_SEED=<seed>` repeats that run alone.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equal } from './equal.ts';
import { Graph } from './graph.ts';
import { build, createRandom, evaluate, type Plan, type Random, randomPlan, type State } from './random.ts';
import type { Collection } from './types.ts';

const runs = 300;
const seeds =
  process.env['WEFT_GRAPH_SEED'] === undefined
    ? Array.from({ length: runs }, (_, i) => i + 1)
    : [Number(process.env['WEFT_GRAPH_SEED'])];

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

async function forEachSeed(body: (random: Random) => Promise<void>): Promise<void> {
  for (const seed of seeds) {
    await body(createRandom(seed)).catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    });
  }
}

type Values = Map<string, Map<string, unknown>>;

/** What anybody outside sees, by whichever method. */
function valuesOf(collections: ReadonlyMap<string, Collection<unknown>>): Values {
  return new Map(
    [...collections].map(([name, collection]) => {
      const entries = new Map(collection.entries());
      assert.equal(collection.size, entries.size);
      assert.deepEqual([...collection.keys()].sort(), [...entries.keys()].sort());
      for (const key of keys) {
        assert.equal(collection.get(key), entries.get(key));
        assert.equal(collection.has(key), entries.has(key));
      }
      return [name, entries];
    }),
  );
}

function assertSame(actual: Values, expected: Values): void {
  const plain = (values: Values) =>
    Object.fromEntries([...values].map(([name, entries]) => [name, Object.fromEntries(entries)]));
  assert.deepEqual(plain(actual), plain(expected));
}

/** Writes something somewhere, to the graph and to the model alike. */
function edit(random: Random, sources: ReturnType<typeof build>['sources'], model: Values): void {
  const name = random.pick([...sources.keys()]);
  const source = sources.get(name);
  const entries = model.get(name);
  assert.ok(source !== undefined && entries !== undefined);
  const key = random.pick(keys);
  const value = () => ({ n: random.below(40) });
  switch (random.below(8)) {
    case 0:
    case 1:
      source.delete(key);
      entries.delete(key);
      return;
    case 2: {
      const all = keys.filter(() => random.below(2) === 0).map((each) => [each, value()] as const);
      source.replace(all);
      entries.clear();
      for (const [each, content] of all) entries.set(each, content);
      return;
    }
    default: {
      const content = value();
      source.set(key, content);
      entries.set(key, content);
    }
  }
}

function emptyModel(plan: Plan): Values {
  return new Map(plan.sources.map((name) => [name, new Map<string, unknown>()]));
}

test('after each settle, the incremental result is that of a naive recomputation, last good values included', () =>
  forEachSeed(async (random) => {
    const plan = randomPlan(random, { throwing: true });
    const graph = new Graph({ onError: () => {} });
    const { sources, collections } = build(graph, plan);
    const model = emptyModel(plan);
    let state: State | undefined;
    for (let round = 0; round < 12; round++) {
      for (let edits = random.below(6); edits >= 0; edits--) edit(random, sources, model);
      await graph.settled();
      state = evaluate(plan, model, state);
      assertSame(valuesOf(collections), state.values);
      for (const [name, collection] of collections) {
        const failed = keys.filter((key) => collection.errorOf(key) !== undefined);
        assert.deepEqual(failed, [...(state.failed.get(name) ?? [])].sort(), `errors of ${name}`);
      }
    }
  }));

test('the result does not depend on the way to it: a fresh graph fed with the last state has the same values', () =>
  forEachSeed(async (random) => {
    const plan = randomPlan(random, { throwing: false });
    const graph = new Graph({ onError: assert.ifError });
    const { sources, collections } = build(graph, plan);
    const model = emptyModel(plan);
    for (let round = 0; round < 40; round++) {
      edit(random, sources, model);
      if (random.below(3) === 0) await graph.settled();
    }
    await graph.settled();
    const fresh = new Graph({ onError: assert.ifError });
    const again = build(fresh, plan);
    for (const [name, source] of again.sources) source.replace(model.get(name) as Map<string, { n: number }>);
    await fresh.settled();
    assertSame(valuesOf(collections), valuesOf(again.collections));
  }));

test('an observer between the slices of a flush never sees half an update', () =>
  forEachSeed(async (random) => {
    const plan = randomPlan(random, { throwing: false });
    let now = 0;
    // Every look at the clock passes a slice's time, so each flush gives way after every single key.
    const graph = new Graph({ onError: assert.ifError, sliceMs: 1, now: () => now++ });
    const { sources, collections } = build(graph, plan);
    const model = emptyModel(plan);
    const observe = (): void => {
      const seen = valuesOf(collections);
      const seenSources: Values = new Map(plan.sources.map((name) => [name, seen.get(name) ?? new Map()]));
      assertSame(seen, evaluate(plan, seenSources, undefined).values);
    };
    for (let turn = 0; turn < 120; turn++) {
      if (random.below(3) === 0) edit(random, sources, model);
      await new Promise((resolve) => setImmediate(resolve));
      observe();
    }
    await graph.settled();
    observe();
    assertSame(
      new Map(plan.sources.map((name) => [name, valuesOf(collections).get(name) ?? new Map()])),
      model,
    );
  }));

test('subscribers get each change once, in order, when all collections are consistent', () =>
  forEachSeed(async (random) => {
    const plan = randomPlan(random, { throwing: false });
    const graph = new Graph({ onError: assert.ifError });
    const { sources, collections } = build(graph, plan);
    const model = emptyModel(plan);
    const mirror: Values = new Map([...collections.keys()].map((name) => [name, new Map()]));
    let expected: Values = new Map();
    for (const [name, collection] of collections) {
      collection.subscribe((changes) => {
        assertSame(valuesOf(collections), expected);
        const entries = mirror.get(name) ?? new Map<string, unknown>();
        assert.deepEqual(
          changes.map(({ key }) => key),
          [...new Set(changes.map(({ key }) => key))].sort(),
        );
        for (const { key, before, after } of changes) {
          assert.ok(!equal(before, after), `${name} ${key} changed to what it was`);
          assert.ok(equal(entries.get(key), before));
          if (after === undefined) entries.delete(key);
          else entries.set(key, after);
        }
      });
    }
    for (let round = 0; round < 10; round++) {
      for (let edits = random.below(6); edits >= 0; edits--) edit(random, sources, model);
      expected = evaluate(plan, model, undefined).values;
      await graph.settled();
      assertSame(mirror, expected);
    }
  }));

test('a function runs at most once per flush and only when something it read has changed', () =>
  forEachSeed(async (random) => {
    const plan = randomPlan(random, { throwing: true });
    const wrong: Error[] = [];
    const graph = new Graph({
      onError: (error) => error instanceof assert.AssertionError && wrong.push(error),
    });
    const lastReads = new Map<string, string>();
    const ranThisRound = new Set<string>();
    let counted = 0;
    const { sources, collections } = build(graph, plan, (name, key, reads) => {
      const id = `${name} ${key}`;
      const now = JSON.stringify(reads);
      assert.ok(!ranThisRound.has(id), `${id} ran twice in one flush`);
      ranThisRound.add(id);
      assert.notEqual(now, lastReads.get(id), `${id} ran although nothing that it reads has changed`);
      lastReads.set(id, now);
      counted++;
    });
    const model = emptyModel(plan);
    for (let round = 0; round < 12; round++) {
      ranThisRound.clear();
      for (let edits = random.below(4); edits >= 0; edits--) edit(random, sources, model);
      await graph.settled();
      // What left and comes back starts anew.
      for (const id of lastReads.keys()) {
        const [name = '', key = ''] = id.split(' ');
        const over = plan.steps.find((step) => step.name === name)?.over ?? '';
        if (collections.get(over)?.has(key) !== true) lastReads.delete(id);
      }
    }
    const stats = graph.stats().collections.reduce((sum, { recomputations }) => sum + recomputations, 0);
    assert.deepEqual(wrong, []);
    assert.equal(counted, stats);
  }));

test('causes names exactly the present sources that explain leads to', () =>
  forEachSeed(async (random) => {
    const plan = randomPlan(random, { throwing: false });
    const graph = new Graph({ onError: assert.ifError });
    const { sources, collections } = build(graph, plan);
    const model = emptyModel(plan);
    for (let round = 0; round < 20; round++) edit(random, sources, model);
    await graph.settled();
    const isSource = new Set(plan.sources);
    for (const collection of collections.values()) {
      for (const key of collection.keys()) {
        const found = new Set<string>();
        const walk = (explanation: ReturnType<Graph['explain']>): void => {
          if (isSource.has(explanation.collection) && explanation.present) {
            found.add(`${explanation.collection} ${explanation.key}`);
          }
          explanation.from.forEach(walk);
        };
        walk(graph.explain(collection, key));
        assert.ok(found.size > 0);
        const causes = graph.causes(collection, key).map((cause) => `${cause.collection} ${cause.key}`);
        assert.deepEqual(causes, [...found].sort());
      }
    }
  }));
