/** Colour for people at a terminal. What it says must also be said without it: colour is never the only sign. */

export interface Paint {
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
}

const escape = '\u001b[';

function code(number: number): (text: string) => string {
  return (text) => (text === '' ? '' : `${escape}${number}m${text}${escape}0m`);
}

const same = (text: string): string => text;

/** `colored` is false for pipes and where NO_COLOR is set (https://no-color.org). */
export function paintFor(colored: boolean): Paint {
  if (!colored) return { good: same, warning: same, bad: same, faint: same, strong: same };
  return { good: code(32), warning: code(33), bad: code(31), faint: code(2), strong: code(1) };
}

const escapes = new RegExp(`${escape.replace('[', '\\[')}\\d+m`, 'g');

/** How many columns a text takes. */
export function visibleWidth(text: string): number {
  return text.replace(escapes, '').length;
}
