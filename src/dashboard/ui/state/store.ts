/** One value that components can watch. */

export interface Store<T> {
  get(): T;
  set(value: T): void;
  /** Returns what ends the watching. */
  watch(listener: (value: T) => void): () => void;
}

export function createStore<T>(first: T): Store<T> {
  let current = first;
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => current,
    set: (value) => {
      if (Object.is(value, current)) return;
      current = value;
      // A listener may end its own watching meanwhile.
      for (const listener of Array.from(listeners)) listener(value);
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
