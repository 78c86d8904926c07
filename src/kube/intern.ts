/**
 * Shares equal strings. A thousand pods of one Deployment repeat the same labels, namespaces and node names;
 * parsed from JSON each copy is a string of its own.
 */

const longestShared = 256;

/** Holds at most two generations of `size` strings, so that what is no longer seen is forgotten. */
export class Interner {
  readonly #size: number;
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  constructor(size = 8192) {
    this.#size = size;
  }

  string(text: string): string {
    if (text.length > longestShared) return text;
    const known = this.#young.get(text);
    if (known !== undefined) return known;
    const shared = this.#old.get(text) ?? text;
    if (this.#young.size >= this.#size) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(shared, shared);
    return shared;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  knows(text: string): boolean {
    return this.#young.has(text) || this.#old.has(text);
  }

  /** Replaces the strings within plain data by shared ones, in place; frozen parts stay as they are. */
  value<V>(value: V): V {
    if (typeof value === 'string') return this.string(value) as V;
    if (typeof value === 'object' && value !== null) this.#inside(value as Record<string, unknown>);
    return value;
  }

  #inside(container: Record<string, unknown>): void {
    if (Object.isFrozen(container)) return;
    for (const key of Object.keys(container)) {
      const inner = container[key];
      if (typeof inner === 'string') container[key] = this.string(inner);
      else if (typeof inner === 'object' && inner !== null) this.#inside(inner as Record<string, unknown>);
    }
  }
}
