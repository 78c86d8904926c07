/**
 * Reads the JSON of a review. A third of it says who owns which field of the object: many small maps that are dear to
 * make, and that nobody here looks at.
 */

const ownership = '"managedFields":[';
const [quote, backslash, open, close] = [0x22, 0x5c, 0x5b, 0x5d];

/** The value without what `managedFields` of the first object in it has. Throws SyntaxError. */
export function parseBody(json: string): unknown {
  const start = json.indexOf(ownership);
  // Within a text both quotes would be escaped, and at the end of another key the first.
  if (start < 0 || json.charCodeAt(start - 1) === backslash) return JSON.parse(json);
  const first = start + ownership.length;
  const end = endOfList(json, first);
  return JSON.parse(end < 0 ? json : json.slice(0, first) + json.slice(end));
}

/** Where the list ends whose first element begins at `from`; -1 where it does not. */
function endOfList(json: string, from: number): number {
  let depth = 1;
  for (let at = from; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) at = endOfText(json, at);
    else if (code === open) depth++;
    else if (code === close && --depth === 0) return at;
  }
  return -1;
}

/** Where the quote is that ends the text which begins with the one at `from`; the end of it all where there is none. */
function endOfText(json: string, from: number): number {
  for (let at = from + 1; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) return at;
    if (code === backslash) at++;
  }
  return json.length;
}
