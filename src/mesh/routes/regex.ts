/**
 * Regular expressions that Envoy takes: those of RE2, read by a grammar that knows no more than RE2 does. What it does
 * not know is refused here, where one rule is affected, and not by the proxy, where a whole configuration would be.
 */

import {
  category,
  classCharacter,
  classEscape,
  flags,
  opening,
  outside,
  posixClass,
  quantifier,
  quoted,
} from './regex-tokens.ts';

/** Of the text; beyond it nobody reads an expression any more. */
const longest = 1024;
/** RE2's own bound for `{n}`, also for those inside one another together. */
const mostRepeated = 1000;
/** Proxies are told to take programs of 32,768 instructions. */
const largestProgram = 30_000;
const deepest = 100;

/** Instructions, at most, that RE2 makes of a part; it makes more of what is beyond ASCII. */
const sizes = { character: 4, escape: 6, category: 10, group: 2, repetition: 2 } as const;

class RegexProblem extends Error {}

/** Why RE2 would refuse the expression, or undefined where it takes it. */
export function regexProblem(expression: string): string | undefined {
  if (expression.length > longest) return `it is longer than ${longest} characters`;
  try {
    return regexSize(expression) > largestProgram
      ? 'it becomes too large; repeat less, or shorter parts'
      : undefined;
  } catch (error) {
    if (error instanceof RegexProblem) return error.message;
    throw error;
  }
}

/** Instructions, at most, of an expression of which there is no other problem. */
export function regexSize(expression: string): number {
  const reader = new Reader(expression);
  const { size, repeated } = reader.alternatives(0);
  if (reader.next !== undefined) throw new RegexProblem('a parenthesis is closed that was not opened');
  if (repeated > mostRepeated) throw new RegexProblem(`it repeats something more than ${mostRepeated} times`);
  return /\(\?[a-zA-Z]*i/.test(expression) ? 2 * size : size;
}

/** What a part becomes, and how often the innermost of it is repeated by counts. */
interface Part {
  readonly size: number;
  readonly repeated: number;
}

const once = (size: number): Part => ({ size, repeated: 1 });

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get next(): string | undefined {
    return this.#text[this.#at];
  }

  /** Up to the end or a closing parenthesis. */
  alternatives(depth: number): Part {
    if (depth > deepest) throw new RegexProblem(`parentheses are nested deeper than ${deepest}`);
    let size: number = sizes.group;
    let repeated = 1;
    while (this.next !== undefined && this.next !== ')') {
      const part = this.#takeText('|') ? once(sizes.group) : this.#repeatable(depth);
      size += part.size;
      repeated = Math.max(repeated, part.repeated);
    }
    return { size, repeated };
  }

  /** What the pattern, which is sticky, finds here. */
  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  #takeText(text: string): boolean {
    const found = this.#text.startsWith(text, this.#at);
    if (found) this.#at += text.length;
    return found;
  }

  #repeatable(depth: number): Part {
    if (this.#take(quantifier) !== null) throw new RegexProblem('nothing stands before a repetition');
    // Flags stand for nothing that could be repeated.
    if (this.#take(flags) !== null) return once(0);
    const part = this.#one(depth);
    const found = this.#take(quantifier);
    if (found === null) return part;
    if (this.#take(quantifier) !== null) throw new RegexProblem('one repetition follows another');
    const [text, least, comma, most = ''] = found;
    if (least === undefined) return { ...part, size: part.size + sizes.repetition };
    const upper = most === '' ? Number(least) : Number(most);
    if (upper < Number(least)) throw new RegexProblem(`${text} wants less at most than at least`);
    const copies = comma === ',' && most === '' ? upper + 1 : upper;
    return { size: (part.size + 1) * Math.max(1, copies), repeated: part.repeated * Math.max(1, upper) };
  }

  #one(depth: number): Part {
    if (this.next === '(') return this.#group(depth);
    if (this.#takeText('[')) return this.#class();
    const literal = this.#take(quoted);
    if (literal !== null) return once(sizes.character * (literal[1]?.length ?? 0));
    if (this.#take(category) !== null) return once(sizes.category);
    if (this.next === '\\') {
      if (this.#take(outside) === null) this.#unknown();
      return once(sizes.escape);
    }
    this.#at++;
    return once(sizes.character);
  }

  #unknown(): never {
    throw new RegexProblem(`RE2 does not know ${this.#text.slice(this.#at, this.#at + 2)} here`);
  }

  #group(depth: number): Part {
    if (this.#take(opening) === null) throw new RegexProblem('RE2 knows no group of this sort');
    const part = this.alternatives(depth + 1);
    if (!this.#takeText(')')) throw new RegexProblem('a parenthesis is not closed');
    return part;
  }

  /** Behind its opening bracket; a closing one that comes first stands for itself. */
  #class(): Part {
    this.#takeText('^');
    let size: number = sizes.character;
    for (let first = true; first || !this.#takeText(']'); first = false) {
      if (this.next === undefined) throw new RegexProblem('a bracket is not closed');
      size += sizes.escape;
      if (this.#take(posixClass) !== null || this.#take(classEscape) !== null) continue;
      if (this.#take(category) !== null) size += sizes.category;
      else this.#range();
    }
    return once(size);
  }

  /** One character, or two with what lies between them. */
  #range(): void {
    const low = this.#classCharacter();
    if (this.next !== '-' || this.#text[this.#at + 1] === ']' || this.#text[this.#at + 1] === undefined)
      return;
    this.#at++;
    if (this.#classCharacter() < low) throw new RegexProblem('a range in brackets runs backwards');
  }

  #classCharacter(): number {
    if (this.#text.startsWith('[:', this.#at)) this.#unknown();
    const found = this.#take(classCharacter);
    if (found === null) this.#unknown();
    const [, hexadecimal, control, escaped, plain] = found;
    if (control !== undefined) return controls[control] ?? 0;
    if (hexadecimal !== undefined) return Number.parseInt(hexadecimal.replaceAll(/[{}]/g, ''), 16);
    return (escaped ?? plain ?? '').codePointAt(0) ?? 0;
  }
}

const controls: Readonly<Record<string, number>> = { a: 7, t: 9, n: 10, v: 11, f: 12, r: 13 };
