/** The tokens of RE2's syntax (github.com/google/re2/wiki/Syntax) that regex.ts reads; all are sticky. */

/** `*`, `+?`, `{2}`, `{2,}`, `{2,3}`: least, comma, most. A brace that is none of these stands for itself. */
export const quantifier = /(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/y;

/** `(?i)`: for what follows. */
export const flags = /\(\?(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)\)/y;

/** `(`, `(?:`, `(?i:`, `(?P<name>`, `(?<name>`. */
export const opening = /\((?:(?!\?)|\?(?:(?:[imsU]+(?:-[imsU]+)?|-[imsU]+)?:|P?<[A-Za-z_]\w*>))/y;

const punctuation = String.raw`[ -/:-@[-\x60{-~]`;
/** Envoy looks at bytes, so no more than one of them. */
const hexadecimal = String.raw`\\x([0-9a-fA-F]{2}|\{0*[0-9a-fA-F]{1,2}\})`;

/** Escapes outside of brackets, but for categories. */
export const outside = new RegExp(String.raw`\\[dDsSwWbBAzaftnrv]|\\${punctuation}|${hexadecimal}`, 'y');

/** `\Q...\E`. */
export const quoted = /\\Q([^]*?)(?:\\E|$)/y;

/** In brackets. */
export const classEscape = /\\[dDsSwW]/y;

/** `[:alpha:]`, in brackets. */
export const posixClass =
  /\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]/y;

/** One character in brackets: in hexadecimal, a control, escaped, or as it is. */
export const classCharacter = new RegExp(
  String.raw`${hexadecimal}|\\([aftnrv])|\\(${punctuation})|([^\\])`,
  'uy',
);

const categories = 'Lu?|Ll|Lt|Lm|Lo|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfso]?|Any';
/** Those that every version of RE2 knows. */
const scripts =
  'Arabic|Armenian|Bengali|Bopomofo|Braille|Cherokee|Common|Cyrillic|Devanagari|Ethiopic|Georgian|Greek|Gujarati|' +
  'Gurmukhi|Han|Hangul|Hebrew|Hiragana|Inherited|Kannada|Katakana|Khmer|Lao|Latin|Malayalam|Mongolian|Myanmar|' +
  'Oriya|Runic|Sinhala|Syriac|Tamil|Telugu|Thaana|Thai|Tibetan';

/** `\pL`, `\p{Lu}`, `\P{^Greek}`. */
export const category = new RegExp(String.raw`\\[pP](?:[LMNPSZC]|\{\^?(?:${categories}|${scripts})\})`, 'y');
