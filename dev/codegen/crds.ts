/**
 * crds/*.yaml -> src/base/api.ts (TypeScript shapes of Weft's kinds, with the schemas' own descriptions),
 * src/base/api-errors.ts (the codes in their rules' messages) and the chart's copies of the same files. A Helm
 * chart can carry only what lies in its folder, hence the copies.
 */

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';

export const crdFolder = new URL('../../crds/', import.meta.url);
export const chartCrdFolder = new URL('../../charts/weft/files/crds/', import.meta.url);
export const typesFile = new URL('../../src/base/api.ts', import.meta.url);
export const errorsFile = new URL('../../src/base/api-errors.ts', import.meta.url);

/** The part of a structural schema that types are made from. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly 'x-kubernetes-validations'?: readonly {
    readonly rule: string;
    readonly message: string;
    readonly fieldPath?: string;
  }[];
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

export interface Crd {
  readonly file: string;
  readonly text: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: 'Cluster' | 'Namespaced';
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly shortNames: readonly string[];
      readonly categories: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly storage: boolean;
      readonly subresources?: { readonly status?: object };
      readonly additionalPrinterColumns?: readonly { readonly name: string }[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** Every CRD of the repository, by kind. */
export async function readCrds(): Promise<readonly Crd[]> {
  const files = (await readdir(crdFolder)).filter((name) => name.endsWith('.yaml'));
  const crds = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(new URL(file, crdFolder), 'utf8');
      return { file, text, ...(parse(text) as Omit<Crd, 'file' | 'text'>) };
    }),
  );
  return crds.sort((a, b) => (a.spec.names.kind < b.spec.names.kind ? -1 : 1));
}

/** Writes what is derived from crds/; answers the names of the written files. */
export async function generate(): Promise<readonly string[]> {
  const crds = await readCrds();
  await writeFile(typesFile, renderTypes(crds));
  await writeFile(errorsFile, renderErrors(crds));
  for (const crd of crds) await writeFile(new URL(crd.file, chartCrdFolder), crd.text);
  return [
    'src/base/api.ts',
    'src/base/api-errors.ts',
    ...crds.map((crd) => `charts/weft/files/crds/${crd.file}`),
  ];
}

/** The text of src/base/api.ts. */
export function renderTypes(crds: readonly Crd[]): string {
  const parts = [head, ...crds.map(renderKind)];
  return `${parts.join('\n\n')}\n`;
}

const head = `/**
 * Weft's own kinds as the API server stores them, defaults filled in. Generated from crds/ by
 * \`npm run codegen -- crds\`: edit those files, never this one.
 */

/** The metadata that Weft reads of its own kinds. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}`;

function renderKind(crd: Crd): string {
  const { names, group } = crd.spec;
  const version = storageVersion(crd);
  const schema = version.schema.openAPIV3Schema;
  const properties = { ...schema.properties };
  const required = ['apiVersion', 'kind', 'metadata', ...(schema.required ?? [])];
  const body = renderProperties({ ...schema, properties, required }, '', {
    apiVersion: `'${group}/${version.name}'`,
    kind: `'${names.kind}'`,
    metadata: 'Metadata',
  });
  return `${renderComment(schema.description, '')}export interface ${names.kind} ${body}`;
}

/** The text of src/base/api-errors.ts: the first sentence of a message is the title, the rest the remedy. */
export function renderErrors(crds: readonly Crd[]): string {
  const messages = new Map(crds.flatMap((crd) => rulesOf(storageVersion(crd).schema.openAPIV3Schema)));
  const entries = [...messages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { title, remedy }]) => {
      return `  '${code}': {\n${renderField('title', title)}${renderField('remedy', remedy)}  },\n`;
    });
  return `${errorsHead}export const apiErrors = defineErrors({\n${entries.join('')}});\n`;
}

const errorsHead = `/**
 * What the schemas of Weft's kinds refuse, so that their codes stand in the one catalogue. Generated from crds/ by
 * \`npm run codegen -- crds\`: edit those files, never this one.
 */

import { defineErrors } from './errors.ts';

`;

interface Message {
  readonly title: string;
  readonly remedy: string;
}

/** Code and message of every rule of a schema and of what lies below it. */
export function rulesOf(schema: Schema): readonly (readonly [string, Message])[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ message }) => parseMessage(message));
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(schema.additionalProperties === undefined ? [] : [schema.additionalProperties]),
  ];
  return [...own, ...below.flatMap(rulesOf)];
}

/** `<code>: <what is wrong>. <what to do>.`; throws where a message has another form. */
function parseMessage(message: string): readonly [string, Message] {
  const match = /^(WEFT-CRD-\d\d): (.+?\.) ([A-Z].+\.)$/.exec(message);
  const [, code, title, remedy] = match ?? [];
  if (code === undefined || title === undefined || remedy === undefined) {
    throw new Error(
      `a rule's message is "<code>: <what is wrong>. <what to do>.", not ${JSON.stringify(message)}`,
    );
  }
  return [code, { title: title.charAt(0).toUpperCase() + title.slice(1), remedy }];
}

function renderField(name: string, text: string): string {
  const quoted = text.includes("'") ? JSON.stringify(text) : `'${text}'`;
  const line = `    ${name}: ${quoted},`;
  return line.length <= 110 ? `${line}\n` : `    ${name}:\n      ${quoted},\n`;
}

/** The version that is stored; the API server demands exactly one. */
export function storageVersion(crd: Crd): Crd['spec']['versions'][number] {
  const version = crd.spec.versions.find((candidate) => candidate.storage);
  if (version === undefined) throw new Error(`${crd.file}: no version has storage: true`);
  return version;
}

function renderProperties(schema: Schema, indent: string, fixed: Readonly<Record<string, string>>): string {
  const inner = `${indent}  `;
  const lines = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const always = schema.required?.includes(name) === true || property.default !== undefined;
    const type = fixed[name] ?? renderType(property, inner);
    return `${renderComment(property.description, inner)}${inner}readonly ${name}${always ? '' : '?'}: ${type};`;
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function renderType(schema: Schema, indent: string): string {
  switch (schema.type) {
    case 'object':
      if (schema.additionalProperties !== undefined) {
        return `Readonly<Record<string, ${renderType(schema.additionalProperties, indent)}>>`;
      }
      return renderProperties(schema, indent, {});
    case 'array':
      return renderArray(schema.items ?? {}, indent);
    case 'string':
      return renderChoices(schema) ?? 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    default:
      throw new Error(`a schema without a type cannot become TypeScript: ${JSON.stringify(schema)}`);
  }
}

function renderArray(items: Schema, indent: string): string {
  const item = renderType(items, indent);
  return item.includes(' | ') && !item.startsWith('{') ? `readonly (${item})[]` : `readonly ${item}[]`;
}

/** Choices stand in a CEL rule `self in ['A', 'B']`, whose refusal can say more than an enum's, or in an enum. */
function renderChoices(schema: Schema): string | undefined {
  if (schema.enum !== undefined) return schema.enum.map((choice) => `'${choice}'`).join(' | ');
  for (const { rule } of schema['x-kubernetes-validations'] ?? []) {
    const list = /^self in \[([^\]]+)\]$/.exec(rule)?.[1];
    if (list !== undefined) return list.split(/,\s*/).join(' | ');
  }
  return undefined;
}

function renderComment(description: string | undefined, indent: string): string {
  if (description === undefined) return '';
  const width = 108 - indent.length;
  const lines = [''];
  for (const word of description.split(/\s+/)) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  const [first = ''] = lines;
  if (lines.length === 1 && first.length + 7 + indent.length <= 110) return `${indent}/** ${first} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}
