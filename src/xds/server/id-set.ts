/**
 * A set of small integers: a sorted list while there are few, a bitmap when there are many. A proxy that uses
 * little of a large mesh costs a few hundred bytes for each such set, one that holds thousands of resources
 * not much more, where a Set of names would cost hundreds of kilobytes.
 *
 * Both are plain arrays: V8 keeps small integers in them as they are, and unlike typed arrays they need no
 * memory outside of its heap, which is what takes time when a thousand proxies connect at once.
 */

const fewAtMost = 48;
/** By which a list grows: an array that grows by itself takes half as much again and sixteen more. */
const room: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0];

/** Of every empty set; nothing is ever written to it. */
const empty: number[] = [];

export class IdSet {
  /** The first `#size` are ids in ascending order; or where `#mapped`, bits by 32 in a word. */
  #data: number[] = empty;
  #mapped = false;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    if (this.#size === 0) return false;
    if (this.#mapped) return ((this.#data[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0;
    const place = this.#place(id);
    return place < this.#size && this.#data[place] === id;
  }

  /** Whether the set has changed. */
  add(id: number): boolean {
    if (!this.#mapped) {
      const place = this.#place(id);
      if (place < this.#size && this.#data[place] === id) return false;
      if (this.#size < fewAtMost) {
        this.#insert(place, id);
        return true;
      }
      this.#map();
    }
    return this.#set(id);
  }

  /** Whether the set has changed. */
  delete(id: number): boolean {
    if (this.#size === 0) return false;
    if (!this.#mapped) {
      const place = this.#place(id);
      if (place === this.#size || this.#data[place] !== id) return false;
      // By hand: copyWithin of plain arrays looks at every element as if it might not be there.
      for (let index = place + 1; index < this.#size; index++) this.#data[index - 1] = this.#data[index] ?? 0;
    } else {
      const word = this.#data[id >>> 5] ?? 0;
      const bit = 1 << (id & 31);
      if ((word & bit) === 0) return false;
      this.#data[id >>> 5] = word & ~bit;
    }
    this.#size--;
    if (this.#size === 0) this.clear();
    return true;
  }

  clear(): void {
    this.#data = empty;
    this.#mapped = false;
    this.#size = 0;
  }

  /** In ascending order; the visitor may delete what it is given, and nothing else. */
  forEach(visit: (id: number) => void): void {
    const data = this.#data;
    if (!this.#mapped) {
      for (let index = 0; index < this.#size; ) {
        const id = data[index] ?? 0;
        visit(id);
        if (data[index] === id) index++;
      }
      return;
    }
    for (let index = 0; index < data.length && this.#size > 0; index++) {
      let word = data[index] ?? 0;
      while (word !== 0) {
        const bit = word & -word;
        visit(index * 32 + 31 - Math.clz32(bit));
        word ^= bit;
      }
    }
  }

  /** Where in the list the id is, or belongs. */
  #place(id: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#data[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(place: number, id: number): void {
    if (this.#size === this.#data.length) this.#data = this.#data.concat(room);
    for (let index = this.#size; index > place; index--) this.#data[index] = this.#data[index - 1] ?? 0;
    this.#data[place] = id;
    this.#size++;
  }

  #map(): void {
    const ids = this.#data;
    const count = this.#size;
    const last = ids[count - 1] ?? 0;
    this.#data = Array.from({ length: (last >>> 5) + 1 }, () => 0);
    this.#mapped = true;
    this.#size = 0;
    for (let index = 0; index < count; index++) this.#set(ids[index] ?? 0);
  }

  #set(id: number): boolean {
    const index = id >>> 5;
    while (this.#data.length <= index) this.#data.push(0);
    const word = this.#data[index] ?? 0;
    const bit = 1 << (id & 31);
    if ((word & bit) !== 0) return false;
    this.#data[index] = word | bit;
    this.#size++;
    return true;
  }
}
