/**
 * An in.yaml: Kubernetes objects, and one document with
 *
 *   used: { <workload>: [<ip>:<port>, ...] }
 *   show: [<section>, or <section> <start of name>, ...]    what the out.yaml is to contain; everything by default
 */

import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../src/kube/types.ts';

export interface CaseSettings {
  readonly used: Readonly<Record<string, readonly string[]>>;
  readonly show?: readonly string[];
}

export function readInput(input: string): {
  readonly objects: readonly KubeObject[];
  readonly settings: CaseSettings;
} {
  const documents = parseAllDocuments(input).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as KubeObject | CaseSettings;
  });
  const settings = documents.find((document) => 'used' in document);
  if (settings === undefined) throw new Error('in.yaml says nothing of what is used');
  return { objects: documents.filter((document): document is KubeObject => !('used' in document)), settings };
}

/** Whether an entry, `<section> <name>`, is what the case is about. */
export function shows(show: readonly string[] | undefined): (entry: string) => boolean {
  return (entry) => show === undefined || show.some((each) => entry.startsWith(each));
}
