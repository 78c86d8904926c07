/**
 * JSON Patch (RFC 6902) between two objects of which one was made from the other: parts that are shared are not
 * looked into, lists of named things (containers, volumes, env) are matched by name, so that what others
 * put in between is never touched.
 */

import { isObject } from '../../base/json.ts';

export type Operation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move'; readonly from: string; readonly path: string };

/** The operations that turn `before` into `after`, to be applied in this order. */
export function diff(before: unknown, after: unknown): Operation[] {
  const operations: Operation[] = [];
  compare(before, after, '', operations);
  return operations;
}

/** The patch as JSON text; values in `knownJson`, or in lists, are taken from there. */
export function formatPatch(
  operations: readonly Operation[],
  knownJson: ReadonlyMap<unknown, string> = new Map(),
): string {
  const format = (value: unknown): string => {
    const known = knownJson.get(value);
    if (known !== undefined) return known;
    return Array.isArray(value) ? formatList(value, format) : JSON.stringify(value);
  };
  return formatList(operations, (operation) => {
    if (!('value' in operation)) return JSON.stringify(operation);
    const { op, path, value } = operation;
    return `{"op":"${op}","path":${JSON.stringify(path)},"value":${format(value)}}`;
  });
}

/** By adding up, which copies nothing until the text is used; join would copy large parts each time. */
function formatList<T>(list: readonly T[], format: (item: T) => string): string {
  let text = '[';
  for (const item of list) text += text === '[' ? format(item) : `,${format(item)}`;
  return `${text}]`;
}

function compare(before: unknown, after: unknown, path: string, operations: Operation[]): void {
  if (before === after) return;
  if (isObject(before) && isObject(after)) return compareObjects(before, after, path, operations);
  if (isNamedList(before) && isNamedList(after)) return compareNamed(before, after, path, operations);
  if (!equal(before, after)) operations.push({ op: 'replace', path, value: after });
}

function compareObjects(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  path: string,
  operations: Operation[],
): void {
  for (const key of Object.keys(before)) {
    if (after[key] === undefined) operations.push({ op: 'remove', path: child(path, key) });
  }
  for (const key of Object.keys(after)) {
    const [old, value] = [before[key], after[key]];
    // Most is shared: what is the same object needs no path.
    if (value === undefined || value === old) continue;
    if (old === undefined) operations.push({ op: 'add', path: child(path, key), value });
    else compare(old, value, child(path, key), operations);
  }
}

interface Named {
  readonly name: string;
}

function compareNamed(
  before: readonly Named[],
  after: readonly Named[],
  path: string,
  operations: Operation[],
): void {
  const wanted = new Set(after.map((item) => item.name));
  const current = [...before];
  for (let index = current.length - 1; index >= 0; index--) {
    const item = current[index];
    if (item === undefined || wanted.has(item.name)) continue;
    operations.push({ op: 'remove', path: child(path, index) });
    current.splice(index, 1);
  }
  for (const [index, item] of after.entries()) {
    const at = current.findIndex((candidate) => candidate.name === item.name);
    const existing = current[at];
    if (existing === undefined) {
      operations.push({ op: 'add', path: child(path, index), value: item });
      current.splice(index, 0, item);
      continue;
    }
    if (at !== index) {
      operations.push({ op: 'move', from: child(path, at), path: child(path, index) });
      current.splice(at, 1);
      current.splice(index, 0, existing);
    }
    compare(existing, item, child(path, index), operations);
  }
}

/** RFC 6901: `~` and `/` in a key are escaped. */
function child(path: string, key: string | number): string {
  const text = String(key);
  const escaped =
    text.includes('~') || text.includes('/') ? text.replaceAll('~', '~0').replaceAll('/', '~1') : text;
  return `${path}/${escaped}`;
}

/** The keys that a JSON pointer names, outermost first. */
export function pointerKeys(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A list whose elements all have names, each name once. */
function isNamedList(value: unknown): value is readonly Named[] {
  if (!Array.isArray(value)) return false;
  const names = new Set<unknown>();
  for (const item of value) {
    if (!isObject(item) || typeof item['name'] !== 'string') return false;
    names.add(item['name']);
  }
  return names.size === value.length;
}

/** Deep equality of plain JSON, in whatever order the keys are. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return covers(a, b) && covers(b, a);
}

/**
 * Whether `actual` has everything that `wanted` has. It may have more: the API server fills in defaults, and
 * other admission webhooks may have added to what is ours.
 */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (actual === wanted || wanted === undefined) return true;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(actual) &&
      actual.length >= wanted.length &&
      wanted.every((item, index) => covers(actual[index], item))
    );
  }
  if (!isObject(wanted) || !isObject(actual)) return false;
  return Object.entries(wanted).every(([key, value]) => covers(actual[key], value));
}
