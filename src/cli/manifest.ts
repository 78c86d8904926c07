/**
 * Manifests of Kubernetes objects as people keep them: several documents in a file, lists, comments. Pods and pod
 * templates in them are edited in place: comments and the order of keys stay, and a document that does not change
 * stays as it is to the last blank.
 */

import { type Document, isAlias, isSeq, parseAllDocuments, visit } from 'yaml';
import { WeftError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import { type Operation, pointerKeys } from '../webhook/inject/patch.ts';
import type { PodLike } from '../webhook/inject/restore.ts';

type Path = readonly (string | number)[];

/** One pod or pod template that was found. */
export interface FoundPod {
  readonly kind: string;
  readonly name: string;
  /** Empty where the manifest does not say. */
  readonly namespace: string;
  readonly pod: PodLike;
}

/** What is to be done with it; nothing where there are no operations. */
export type PodEdit = (found: FoundPod) => readonly Operation[];

/** Where the kinds of Kubernetes keep their pod template, by `<group>/<kind>`. */
const templatePaths: Readonly<Record<string, Path>> = {
  '/Pod': [],
  '/PodTemplate': ['template'],
  '/ReplicationController': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
};

/** The text with every pod edited. Throws WeftError WEFT-CLI-03 where it is neither YAML nor JSON. */
export function editManifest(text: string, edit: PodEdit): string {
  return text.trimStart().startsWith('{') ? editJson(text, edit) : editYaml(text, edit);
}

function editJson(text: string, edit: PodEdit): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unreadable(error);
  }
  const edits = editsOf(value, edit);
  if (edits.length === 0) return text;
  for (const { path, operations } of edits) {
    for (const operation of operations) applyToValue(value, path, operation);
  }
  return `${JSON.stringify(value, null, 2)}\n`;
}

function editYaml(text: string, edit: PodEdit): string {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return text;
  // Both forms are common, of sequences under their key and of blanks inside braces; each is kept as found.
  const style = {
    lineWidth: 0,
    indentSeq: !/^( *)[^\s#-][^\n]*:\n\1- /m.test(text),
    flowCollectionPadding: !/[{[][^\s}\]]/.test(text),
  };
  let result = '';
  let end = 0;
  for (const document of documents) {
    const [problem] = document.errors;
    if (problem !== undefined) throw unreadable(problem);
    const edits = editsOf(document.toJS(), edit);
    const [start, , next] = document.range;
    result += text.slice(end, start);
    end = next;
    if (edits.length === 0) result += text.slice(start, next);
    else result += edited(document, edits).toString(style);
  }
  return result + text.slice(end);
}

interface Edit {
  readonly path: Path;
  readonly operations: readonly Operation[];
}

function editsOf(value: unknown, edit: PodEdit): Edit[] {
  return findPods(value, []).flatMap(({ path, found }) => {
    const operations = edit(found);
    return operations.length === 0 ? [] : [{ path, operations }];
  });
}

function findPods(value: unknown, path: Path): { readonly path: Path; readonly found: FoundPod }[] {
  if (!isObject(value)) return [];
  const { apiVersion, kind, metadata, items } = value;
  if (typeof kind !== 'string') return [];
  if (kind.endsWith('List') && Array.isArray(items)) {
    return items.flatMap((item, index) => findPods(item, [...path, 'items', index]));
  }
  const [group = ''] =
    typeof apiVersion === 'string' && apiVersion.includes('/') ? apiVersion.split('/') : [''];
  const templatePath = templatePaths[`${group}/${kind}`];
  if (templatePath === undefined) return [];
  const pod = templatePath.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
  if (!isPodLike(pod)) return [];
  const own = isObject(metadata) ? metadata : {};
  const textOf = (key: string): string | undefined => (typeof own[key] === 'string' ? own[key] : undefined);
  const name = textOf('name') ?? textOf('generateName') ?? '';
  const found = { kind, name, namespace: textOf('namespace') ?? '', pod };
  return [{ path: [...path, ...templatePath], found }];
}

function isPodLike(value: unknown): value is PodLike {
  if (!isObject(value) || !isObject(value['spec'])) return false;
  const { containers, initContainers, volumes } = value['spec'];
  const isList = (list: unknown): boolean => Array.isArray(list) && list.every(isObject);
  return isList(containers) && [initContainers, volumes].every((list) => list === undefined || isList(list));
}

function edited(document: Document, edits: readonly Edit[]): Document {
  // An alias stands for a part elsewhere: editing it would edit that part too, so aliases are written out.
  let aliases = false;
  visit(document, (_, node) => {
    aliases ||= isAlias(node);
  });
  if (aliases) document.contents = nodeOf(document, document.toJS());
  for (const { path, operations } of edits) {
    for (const operation of operations) applyToDocument(document, path, operation);
  }
  return document;
}

function nodeOf(document: Document, value: unknown): Document['contents'] {
  return document.createNode(value, { aliasDuplicateObjects: false });
}

function applyToDocument(document: Document, base: Path, operation: Operation): void {
  const path = [...base, ...pointerKeys(operation.path)];
  if (operation.op === 'remove') {
    document.deleteIn(numbered(document, path));
    return;
  }
  const moved =
    operation.op === 'move' ? numbered(document, [...base, ...pointerKeys(operation.from)]) : undefined;
  const node = moved === undefined ? undefined : document.getIn(moved, true);
  if (moved !== undefined) document.deleteIn(moved);
  const value = operation.op === 'move' ? node : nodeOf(document, operation.value);
  const list = document.getIn(path.slice(0, -1), true);
  if (isSeq(list) && operation.op !== 'replace') list.items.splice(Number(path.at(-1)), 0, value);
  else document.setIn(numbered(document, path), value);
}

/** The path with the indexes of sequences as numbers: a pointer has only text. */
function numbered(document: Document, path: Path): Path {
  return path.map((key, depth) => (isSeq(document.getIn(path.slice(0, depth), true)) ? Number(key) : key));
}

function applyToValue(root: unknown, base: Path, operation: Operation): void {
  const at = (pointer: string): { parent: Record<string, unknown> | unknown[]; key: string } => {
    const keys = [...base, ...pointerKeys(pointer)].map(String);
    const key = keys.pop() ?? '';
    const parent = keys.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], root);
    return { parent: parent as Record<string, unknown> | unknown[], key };
  };
  const take = (pointer: string): unknown => {
    const { parent, key } = at(pointer);
    if (Array.isArray(parent)) return parent.splice(Number(key), 1)[0];
    const value = parent[key];
    delete parent[key];
    return value;
  };
  if (operation.op === 'remove') {
    take(operation.path);
    return;
  }
  const value = operation.op === 'move' ? take(operation.from) : operation.value;
  const { parent, key } = at(operation.path);
  if (!Array.isArray(parent)) parent[key] = value;
  else parent.splice(Number(key), operation.op === 'replace' ? 1 : 0, value);
}

function unreadable(cause: unknown): WeftError {
  const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
  return new WeftError('WEFT-CLI-03', `The manifest is neither YAML nor JSON: ${message}`, { cause });
}
