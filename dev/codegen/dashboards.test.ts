import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { dashboards } from './dashboard-panels.ts';
import { fileOf, textOf } from './dashboards.ts';

const directory = new URL('../../charts/weft/files/dashboards/', import.meta.url);

test('the committed dashboards are those of dashboard-panels.ts', async () => {
  assert.deepEqual((await readdir(directory)).sort(), dashboards.map(fileOf).sort());
  for (const dashboard of dashboards) {
    const committed = await readFile(new URL(fileOf(dashboard), directory), 'utf8');
    assert.equal(committed, textOf(dashboard), 'run npm run codegen -- dashboards');
  }
});

test('panels of a dashboard lie beside and below each other, never upon each other', () => {
  for (const dashboard of dashboards) {
    const { panels } = JSON.parse(textOf(dashboard)) as {
      panels: readonly { readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>> }[];
    };
    const taken = new Set<string>();
    for (const { gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(x < 24 && !taken.has(`${x} ${y}`), `${dashboard.name} ${x} ${y}`);
          taken.add(`${x} ${y}`);
        }
      }
    }
  }
});

test('variables that a query uses are among those of its dashboard', () => {
  for (const { variables, panels, name } of dashboards) {
    const known = new Set(['__rate_interval', ...variables.map(([variable]) => variable)]);
    for (const { queries } of panels) {
      for (const [expression] of queries) {
        for (const [, used = ''] of expression.matchAll(/"\$(\w+)"|\[\$(\w+)\]/g)) {
          if (!/^\d+$/.test(used) && used !== '') assert.ok(known.has(used), `${name}: ${used}`);
        }
      }
    }
  }
});
