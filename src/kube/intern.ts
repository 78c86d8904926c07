/**
 * Shares equal strings. A thousand pods of one Deployment repeat the same labels, namespaces and node names;
 * parsed from a message each copy is a string of its own.
 */

const longestShared = 256;

/**
 * A table with one place per hash: a string that is not there takes the place of the one that was. So it costs
 * one comparison, never grows, and strings that are seen often are nearly always found.
 */
export class Interner {
  readonly #places: (string | undefined)[];
  readonly #mask: number;

  /** `size` is a power of two. */
  constructor(size = 32_768) {
    this.#places = Array.from({ length: size });
    this.#mask = size - 1;
  }

  /** An equal string: an earlier one where it is still known, else this. */
  string(text: string): string {
    if (text.length > longestShared) return text;
    const place = hash(text) & this.#mask;
    const known = this.#places[place];
    if (known === text) return known;
    this.#places[place] = text;
    return text;
  }

  /**
   * The text of these bytes, without making a string where an equal one is known: it is compared byte by byte,
   * which holds for ASCII. Everything else is decoded.
   */
  bytes(data: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > longestShared) return data.toString('utf8', start, end);
    let value = seed ^ length;
    for (let at = length > hashed ? end - hashed : start; at < end; at++) {
      value = Math.imul(value ^ (data[at] as number), prime);
    }
    const place = (value ^ (value >>> 15)) & this.#mask;
    const known = this.#places[place];
    if (known !== undefined && isAscii(known, data, start, length)) return known;
    const text = data.toString('utf8', start, end);
    this.#places[place] = text;
    return text;
  }

  /** Replaces the strings within plain data by shared ones, in place; frozen parts stay as they are. */
  value<V>(value: V): V {
    if (typeof value === 'string') return this.string(value) as V;
    if (typeof value === 'object' && value !== null) this.#inside(value as Record<string, unknown>);
    return value;
  }

  #inside(container: Record<string, unknown>): void {
    if (Object.isFrozen(container)) return;
    for (const key in container) {
      const inner = container[key];
      if (typeof inner === 'string') container[key] = this.string(inner);
      else if (typeof inner === 'object' && inner !== null) this.#inside(inner as Record<string, unknown>);
    }
  }
}

/** FNV-1a over the length and the last characters, where Kubernetes' names differ most. */
const seed = 0x811c9dc5;
const prime = 0x01000193;
const hashed = 12;

function hash(text: string): number {
  let value = seed ^ text.length;
  for (let at = Math.max(0, text.length - hashed); at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), prime);
  }
  return value ^ (value >>> 15);
}

/** Whether the text is these bytes, each one character. */
function isAscii(text: string, data: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let at = 0; at < length; at++) {
    const byte = data[start + at] as number;
    if (byte >= 0x80 || text.charCodeAt(at) !== byte) return false;
  }
  return true;
}

/** One table for all kinds: namespaces, names and labels are the same across them. */
export const sharedStrings = new Interner();
