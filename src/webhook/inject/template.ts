/**
 * JSON of which a few places differ from pod to pod: what lies between them is written once. A place is a mark, a string
 * with a character that no name, path or quantity of a pod can have.
 */

/** A value, a part of a text, or any number of elements of a list that are filled in later. */
export function mark(name: string): string {
  return `\0${name}\0`;
}

/**
 * What replaces each mark: JSON in the place of a value, elements with commas between them in the place of elements,
 * the inside of a JSON string in the place of a part of a text.
 */
export type Filling = Readonly<Record<string, string>>;

/** Text, and the mark that follows it; none after the last. */
export interface Part {
  readonly text: string;
  readonly mark?: string;
  /** Precedes what is filled in, unless that is nothing: a mark that is no list's first element. */
  readonly comma?: string;
}

export function splitAtMarks(json: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of json.matchAll(/(,?)"\\u0000(\w+)\\u0000"|\\u0000(\w+)\\u0000/g)) {
    const [whole, comma = '', value, inside = ''] = match;
    parts.push({ text: json.slice(end, match.index), mark: value ?? inside, comma });
    end = match.index + whole.length;
  }
  return [...parts, { text: json.slice(end) }];
}

export function fill(parts: readonly Part[], filling: Filling): string {
  let json = '';
  for (const { text, mark: name, comma = '' } of parts) {
    const own = name === undefined ? '' : (filling[name] ?? '');
    json += own === '' ? text : text + comma + own;
  }
  return json;
}
