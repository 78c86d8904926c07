/**
 * A set of small integers as a bitmap. A proxy that holds thousands of resources costs a few hundred bytes
 * for each such set, where a Set of names would cost hundreds of kilobytes.
 */

const none = new Uint32Array(0);

export class IdSet {
  #words = none;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return ((this.#words[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0;
  }

  /** Whether the set has changed. */
  add(id: number): boolean {
    const index = id >>> 5;
    if (index >= this.#words.length) this.#grow(index);
    const word = this.#words[index] ?? 0;
    const bit = 1 << (id & 31);
    if ((word & bit) !== 0) return false;
    this.#words[index] = word | bit;
    this.#size++;
    return true;
  }

  /** Whether the set has changed. */
  delete(id: number): boolean {
    const index = id >>> 5;
    const word = this.#words[index] ?? 0;
    const bit = 1 << (id & 31);
    if ((word & bit) === 0) return false;
    this.#words[index] = word & ~bit;
    this.#size--;
    if (this.#size === 0) this.#words = none;
    return true;
  }

  clear(): void {
    this.#words = none;
    this.#size = 0;
  }

  /** In ascending order; the visitor may delete what it is given. */
  forEach(visit: (id: number) => void): void {
    const words = this.#words;
    for (let index = 0; index < words.length && this.#size > 0; index++) {
      let word = words[index] ?? 0;
      while (word !== 0) {
        const bit = word & -word;
        visit(index * 32 + 31 - Math.clz32(bit));
        word ^= bit;
      }
    }
  }

  #grow(index: number): void {
    // Up to 16 words V8 keeps beside the object itself; more are a memory block of their own.
    const words = new Uint32Array(Math.max(16, Math.ceil((index + 1) / 16) * 16, this.#words.length * 2));
    words.set(this.#words);
    this.#words = words;
  }
}
