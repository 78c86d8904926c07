/**
 * Writes the Grafana dashboards, `npm run codegen -- dashboards`: the panels of dashboard-panels.ts in the form that
 * Grafana imports (schema 39, Grafana 11 and later; older ones convert it).
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Dashboard, dashboards, type Panel } from './dashboard-panels.ts';

const directory = fileURLToPath(new URL('../../charts/weft/files/dashboards', import.meta.url));

/** Replaces the files; answers their names. */
export async function generate(): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true });
  const files = dashboards.map((dashboard) => [fileOf(dashboard), textOf(dashboard)] as const);
  for (const [file, text] of files) await writeFile(join(directory, file), text);
  return files.map(([file]) => file);
}

export function fileOf({ name }: Dashboard): string {
  return `weft-${name}.json`;
}

export function textOf(dashboard: Dashboard): string {
  return `${JSON.stringify(model(dashboard), undefined, 2)}\n`;
}

/** Whoever imports the dashboard chooses the data source, once for all its panels. */
const datasource = { type: 'prometheus', uid: '${datasource}' };
/** Grafana's grid is 24 wide: four single values, or two graphs. */
const sizes = { single: { w: 6, h: 4 }, graph: { w: 12, h: 8 } } as const;

function model({ name, title, variables, panels }: Dashboard): unknown {
  return {
    uid: `weft-${name}`,
    title,
    tags: ['weft'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        ...variables.map(([variable, label, query]) => ({
          name: variable,
          label,
          type: 'query',
          datasource,
          query: { query, refId: variable },
          definition: query,
          refresh: 2,
          sort: 1,
        })),
      ],
    },
    links: [{ title: 'Weft', type: 'dashboards', tags: ['weft'], asDropdown: true, keepTime: true }],
    panels: placed(panels),
  };
}

/** From left to right and from top to bottom. */
function placed(panels: readonly Panel[]): readonly unknown[] {
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map((panel, index) => {
    const { w, h } = panel.single ? sizes.single : sizes.graph;
    if (x + w > 24 || (rowHeight !== 0 && h !== rowHeight && x > 0)) {
      y += rowHeight;
      x = 0;
    }
    const position = { x, y, w, h };
    rowHeight = h;
    x += w;
    return panelOf(panel, index + 1, position);
  });
}

function panelOf({ title, unit, queries, single }: Panel, id: number, gridPos: object): unknown {
  return {
    id,
    title,
    type: single ? 'stat' : 'timeseries',
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, ...(unit === 'percentunit' ? { max: 1 } : {}) }, overrides: [] },
    options: single
      ? { reduceOptions: { calcs: ['lastNotNull'] } }
      : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource,
      expr,
      legendFormat,
    })),
  };
}
