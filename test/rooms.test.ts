/** The one-way imports between rooms (docs/architecture.md), checked over the real import statements. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

interface Rule {
  /** Rooms whose values may be imported. */
  readonly values: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly types: readonly string[];
}

/** Everything may import base; a room may always import itself. */
const rules: Readonly<Record<string, Rule>> = {
  base: { values: [], types: [] },
  kube: { values: [], types: [] },
  graph: { values: [], types: [] },
  mesh: { values: [], types: ['graph', 'kube'] },
  ca: { values: [], types: ['kube'] },
  'xds/proto': { values: [], types: [] },
  'xds/translate': { values: ['xds/proto', 'xds'], types: ['graph', 'mesh'] },
  'xds/server': { values: ['xds/proto', 'xds'], types: ['graph'] },
  xds: { values: [], types: ['graph'] },
  'webhook/inject': { values: [], types: ['mesh', 'kube'] },
  'webhook/validate': { values: ['mesh', 'analysis'], types: ['kube'] },
  webhook: { values: ['webhook/inject', 'webhook/validate'], types: ['mesh', 'kube'] },
  controllers: { values: ['kube', 'ca', 'mesh'], types: ['graph', 'xds', 'analysis'] },
  telemetry: { values: ['xds/proto'], types: ['graph', 'mesh', 'kube'] },
  analysis: { values: ['mesh', 'graph', 'webhook/inject'], types: ['kube'] },
  // It runs in the browser: nothing of a server may come with it.
  'dashboard/ui': { values: [], types: ['dashboard', 'telemetry', 'analysis', 'mesh'] },
  dashboard: {
    values: ['xds', 'telemetry', 'analysis'],
    types: ['graph', 'mesh', 'kube', 'xds/server'],
  },
  cli: {
    values: ['kube', 'webhook/inject', 'mesh', 'controllers', 'telemetry', 'analysis'],
    types: ['dashboard', 'xds', 'xds/server', 'graph'],
  },
};

const rooms = Object.keys(rules).sort((a, b) => b.length - a.length);

function roomOf(file: string): string | undefined {
  const inside = file.replace(/^src\//, '');
  return rooms.find((room) => inside.startsWith(`${room}/`));
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function importsOf(source: string): readonly Import[] {
  const found: Import[] = [];
  for (const match of source.matchAll(/^(?:import|export)\s+(type\s+)?([^'"]*?)from\s+['"]([^'"]+)['"]/gm)) {
    const [, type, names, specifier] = match;
    if (specifier === undefined) continue;
    const members = names?.trim().startsWith('{')
      ? names
          .replace(/[{}]/g, '')
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== '')
      : ['value'];
    found.push({
      specifier,
      typeOnly: type !== undefined || members.every((name) => name.startsWith('type ')),
    });
  }
  for (const match of source.matchAll(/import\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    if (match[1] !== undefined) found.push({ specifier: match[1], typeOnly: false });
  }
  return found;
}

function violations(file: string): readonly string[] {
  const room = roomOf(file);
  if (room === undefined) return [];
  const rule = rules[room];
  const wrong: string[] = [];
  for (const { specifier, typeOnly } of importsOf(readFileSync(file, 'utf8'))) {
    if (!specifier.startsWith('.')) continue;
    const target = normalize(join(dirname(file), specifier));
    const other = roomOf(target);
    if (other === undefined) {
      wrong.push(`${file} imports ${target}, which is in no room`);
      continue;
    }
    if (other === room || other === 'base' || rule?.values.includes(other)) continue;
    if (typeOnly && rule?.types.includes(other)) continue;
    wrong.push(`${file} imports ${typeOnly ? 'types' : 'values'} of ${other}`);
  }
  return wrong;
}

/** Tests and their fixtures may put rooms together as they need. */
const files = globSync('src/**/*.{ts,tsx}').filter((file) => !/(\.test|\/testing(-\w+)?)\.ts$/.test(file));

test('rooms import one another only in the agreed directions', () => {
  assert.ok(files.length > 10, 'the search found too few files to mean anything');
  assert.deepEqual(files.flatMap(violations), []);
});

test('only kube/ takes values from the Kubernetes client library', () => {
  const wrong = files.filter(
    (file) =>
      !file.startsWith('src/kube/') &&
      importsOf(readFileSync(file, 'utf8')).some(
        (found) => found.specifier.startsWith('@kubernetes/') && !found.typeOnly,
      ),
  );
  assert.deepEqual(wrong, []);
});

test('every error code has a page and every page has an error code', async () => {
  const catalogues = globSync('src/**/errors.ts').concat(
    'src/settings.ts',
    'src/identify.ts',
    'src/base/api-errors.ts',
  );
  for (const file of catalogues) await import(join(process.cwd(), file));
  const { errorCatalogue } = await import('../src/base/errors.ts');
  const pages = globSync('docs/errors/WEFT-*.md').map((page) => page.replace(/^.*\//, '').replace('.md', ''));
  assert.deepEqual(pages.sort(), [...errorCatalogue().keys()].sort());
});
