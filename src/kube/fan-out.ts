/** One watch for several readers: each has its own projection of the object and its own sink. */

import type { KubeObject, Sink } from './types.ts';

export interface Outlet<T extends KubeObject> {
  readonly project: (object: T) => unknown;
  readonly sink: Sink<never>;
}

/** Pairs a projection with the sink that takes its values. */
export function outlet<T extends KubeObject, V>(
  project: (object: T) => V | undefined,
  sink: Sink<V>,
): Outlet<T> {
  return { project, sink: sink as unknown as Sink<never> };
}

/** What a Reflector needs to feed all outlets: one projection into all values, one sink that deals them out. */
export function fanOut<T extends KubeObject>(
  ...outlets: readonly Outlet<T>[]
): { readonly project: (object: T) => readonly unknown[]; readonly sink: Sink<readonly unknown[]> } {
  const sinks = outlets.map(({ sink }) => sink as unknown as Sink<unknown>);
  return {
    project: (object) => outlets.map(({ project }) => project(object)),
    sink: {
      set: (key, values) => {
        for (const [index, sink] of sinks.entries()) {
          if (values[index] === undefined) sink.delete(key);
          else sink.set(key, values[index]);
        }
      },
      delete: (key) => {
        for (const sink of sinks) sink.delete(key);
      },
      get: (key) => {
        const values = sinks.map((sink) => sink.get?.(key));
        return values.some((value) => value !== undefined) ? values : undefined;
      },
      replace: (entries) => {
        const all = [...entries];
        for (const [index, sink] of sinks.entries()) {
          sink.replace(
            all.flatMap(([key, values]) =>
              values[index] === undefined ? [] : [[key, values[index]] as const],
            ),
          );
        }
      },
    },
  };
}
