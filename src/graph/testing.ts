/** For the tests of the engine: graphs that fail a test on any error, or that write errors down. */

import assert from 'node:assert/strict';
import { type ErrorPlace, Graph } from './graph.ts';
import type { Collection } from './types.ts';

export function strict(): Graph {
  return new Graph({ onError: (error) => assert.ifError(error) });
}

export function recording(): { graph: Graph; errors: string[] } {
  const errors: string[] = [];
  const onError = (error: Error, { collection, key }: ErrorPlace): void => {
    errors.push(`${collection}${key === undefined ? '' : ` ${key}`}: ${error.message}`);
  };
  return { graph: new Graph({ onError }), errors };
}

export const entriesOf = <V>(collection: Collection<V>): Record<string, V> =>
  Object.fromEntries(collection.entries());
