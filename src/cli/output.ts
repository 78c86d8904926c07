/** How the weft command prints: tables for people, JSON and YAML for programs. */

import { stringify } from 'yaml';
import { visibleWidth } from './colors.ts';

export const formats = ['table', 'json', 'yaml'] as const;
export type Format = (typeof formats)[number];

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number;
  /** Default left; numbers read better when their last digits stand below one another. */
  readonly align?: 'right';
}

/** Columns as wide as what is seen of their content, two spaces between them, no trailing blanks. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => String(column.value(row)))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => visibleWidth(line[index] ?? ''))));
  return cells
    .map((line) =>
      line
        .map((cell, index) => {
          const blanks = ' '.repeat((widths[index] ?? 0) - visibleWidth(cell));
          return columns[index]?.align === 'right' ? blanks + cell : cell + blanks;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `data` as JSON or YAML, or what `table` makes of it. */
export function render(format: Format, data: unknown, table: () => string): string {
  if (format === 'json') return JSON.stringify(data, null, 2);
  return format === 'yaml' ? stringify(data).trimEnd() : table();
}

/** `95s`, `12m`, `5h`, `3d`: the largest unit that leaves at least two of it, as kubectl shows ages. */
export function formatAge(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
