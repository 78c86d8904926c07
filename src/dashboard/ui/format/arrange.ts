/** Rows in the order and selection the reader chose. */

export type SortValue = string | number | undefined;

export interface Arrangement<T> {
  readonly search: string;
  readonly textOf: ((row: T) => string) | undefined;
  readonly sorter: ((row: T) => SortValue) | undefined;
  readonly isDescending: boolean;
}

/** `-rate`: by rate, the largest first. */
export function parseSort(text: string): { readonly id: string; readonly isDescending: boolean } {
  return text.startsWith('-') ? { id: text.slice(1), isDescending: true } : { id: text, isDescending: false };
}

/** Every word of the search must be found. What has no value comes last, in either direction. */
export function arrange<T>(rows: readonly T[], by: Arrangement<T>): readonly T[] {
  const { textOf, sorter } = by;
  const words = by.search.toLowerCase().split(/\s+/).filter(Boolean);
  const found =
    textOf === undefined || words.length === 0
      ? [...rows]
      : rows.filter((row) => {
          const text = textOf(row).toLowerCase();
          return words.every((word) => text.includes(word));
        });
  if (sorter === undefined) return found;
  const sign = by.isDescending ? -1 : 1;
  return found.sort((a, b) => compare(sorter(a), sorter(b), sign));
}

function compare(a: SortValue, b: SortValue, sign: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
}
