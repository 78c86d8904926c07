import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  type Crd,
  chartCrdFolder,
  errorsFile,
  readCrds,
  renderErrors,
  renderTypes,
  rulesOf,
  type Schema,
  storageVersion,
  typesFile,
} from './crds.ts';

const crds = await readCrds();

/** Calls `visit` with every schema below `schema` and its path. */
function walk(schema: Schema, path: string, visit: (schema: Schema, path: string) => void): void {
  visit(schema, path);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    walk(property, path === '' ? name : `${path}.${name}`, visit);
  }
  if (schema.items !== undefined) walk(schema.items, `${path}[]`, visit);
  if (schema.additionalProperties !== undefined) walk(schema.additionalProperties, `${path}{}`, visit);
}

function everySchema(visit: (schema: Schema, path: string, crd: Crd) => void): void {
  for (const crd of crds) {
    walk(storageVersion(crd).schema.openAPIV3Schema, '', (schema, path) => visit(schema, path, crd));
  }
}

test('src/base/api.ts is what the CRDs generate', async () => {
  const committed = await readFile(typesFile, 'utf8');
  assert.equal(committed, renderTypes(crds), 'stale: run `npm run codegen -- crds` and commit the result');
});

test('the chart carries the same CRDs as crds/', async () => {
  for (const crd of crds) {
    const copy = await readFile(new URL(crd.file, chartCrdFolder), 'utf8');
    assert.equal(
      copy,
      crd.text,
      `${crd.file} is stale: run \`npm run codegen -- crds\` and commit the result`,
    );
  }
});

test('a file is named by group and plural, as the object in it', () => {
  for (const crd of crds) {
    const { group, names } = crd.spec;
    assert.equal(crd.metadata.name, `${names.plural}.${group}`);
    assert.equal(crd.file, `${group}_${names.plural}.yaml`);
  }
});

test('every kind has a short name, the category weft, printer columns and a status of its own', () => {
  for (const crd of crds) {
    const version = storageVersion(crd);
    assert.ok(crd.spec.names.shortNames.length > 0, crd.file);
    assert.deepEqual(crd.spec.names.categories, ['weft'], crd.file);
    assert.ok((version.additionalPrinterColumns?.length ?? 0) > 0, crd.file);
    assert.deepEqual(version.subresources, { status: {} }, crd.file);
  }
});

test('schemas are structural: every node has a type and says either properties or additionalProperties', () => {
  const known = ['object', 'array', 'string', 'integer', 'number', 'boolean'];
  everySchema((schema, path, crd) => {
    const where = `${crd.file} ${path}`;
    assert.ok(schema.type !== undefined && known.includes(schema.type), `${where}: type ${schema.type}`);
    assert.equal(schema.type === 'array', schema.items !== undefined, `${where}: items`);
    assert.ok(schema.properties === undefined || schema.additionalProperties === undefined, where);
    for (const name of schema.required ?? []) {
      assert.ok(schema.properties?.[name] !== undefined, `${where}: requires unknown ${name}`);
    }
  });
});

test('every field has a description', () => {
  everySchema((schema, path, crd) => {
    const named = /(^|\.)\w+$/.test(path) && path !== 'metadata';
    if (named) assert.ok((schema.description ?? '').length > 10, `${crd.file} ${path}`);
  });
});

test('strings, lists and maps that CEL reads are bounded, so that rules have a bounded cost', () => {
  everySchema((schema, path, crd) => {
    if (!path.startsWith('spec')) return;
    const bounds = schema as { maxLength?: number; maxItems?: number; maxProperties?: number };
    const where = `${crd.file} ${path}`;
    if (schema.type === 'string') assert.ok(bounds.maxLength !== undefined, `${where}: maxLength`);
    if (schema.type === 'array') assert.ok(bounds.maxItems !== undefined, `${where}: maxItems`);
    if (schema.additionalProperties !== undefined) {
      assert.ok(bounds.maxProperties !== undefined, `${where}: maxProperties`);
    }
  });
});

test('lists say how they merge, and their keys are required', () => {
  everySchema((schema, path, crd) => {
    if (schema.type !== 'array') return;
    const where = `${crd.file} ${path}`;
    assert.ok(['set', 'map'].includes(schema['x-kubernetes-list-type'] ?? ''), where);
    for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
      assert.ok(schema.items?.required?.includes(key), `${where}: key ${key} is not required`);
    }
  });
});

test('conditions are a list keyed by type', () => {
  for (const crd of crds) {
    const conditions = storageVersion(crd).schema.openAPIV3Schema.properties?.status?.properties?.conditions;
    assert.deepEqual(conditions?.['x-kubernetes-list-map-keys'], ['type'], crd.file);
  }
});

test('src/base/api-errors.ts is what the CRDs generate', async () => {
  const committed = await readFile(errorsFile, 'utf8');
  assert.equal(committed, renderErrors(crds), 'stale: run `npm run codegen -- crds` and commit the result');
});

test('every rule carries a code, and a code always says the same', () => {
  const texts = new Map<string, unknown>();
  for (const [code, message] of crds.flatMap((crd) => rulesOf(storageVersion(crd).schema.openAPIV3Schema))) {
    assert.deepEqual(texts.get(code) ?? message, message, `${code} has two texts`);
    texts.set(code, message);
  }
  assert.ok(texts.size > 10);
});

test('a rule whose message lacks a code or a remedy is refused', () => {
  const schema = (message: string): Schema => ({ 'x-kubernetes-validations': [{ rule: 'false', message }] });
  assert.throws(() => rulesOf(schema('This is wrong. Do that.')), /<code>/);
  assert.throws(() => rulesOf(schema('WEFT-CRD-99: this is wrong.')), /what to do/);
});

test('choices become unions, optional fields a question mark, fields with a default none', () => {
  const text = renderTypes(crds);
  assert.match(text, /readonly mode: 'Strict' \| 'Permissive' \| 'Disabled';/);
  assert.match(text, /readonly meshCIDRs\?: readonly string\[\];/);
  assert.match(text, /readonly trustDomain: string;/);
});

test('every kind has a page that names every field of its spec', async () => {
  for (const crd of crds) {
    const { kind } = crd.spec.names;
    const page = await readFile(
      new URL(`../../docs/kinds/${kind.toLowerCase()}.md`, import.meta.url),
      'utf8',
    );
    assert.ok(page.startsWith(`# ${kind}\n`), kind);
    const spec = storageVersion(crd).schema.openAPIV3Schema.properties?.spec ?? {};
    walk(spec, '', (_, path) => {
      const name = /(\w+)$/.exec(path)?.[1];
      if (name !== undefined) assert.ok(page.includes(name), `the page of ${kind} does not name ${path}`);
    });
  }
});
