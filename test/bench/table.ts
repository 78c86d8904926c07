/** The results as people read them. */

import type { BenchCase, Budget, Figures } from './cases.ts';

/** One row per metric: case, metric, value, budget, and whether the budget is kept. */
export function table(
  results: readonly { readonly benchCase: BenchCase; readonly figures: Figures }[],
): string {
  const rows = results.flatMap(({ benchCase, figures }) =>
    Object.entries(benchCase.metrics).map(([metric, budget]) => {
      const value = figures[metric] ?? Number.NaN;
      return [benchCase.name, metric, format(value), describe(budget), verdict(value, budget)];
    }),
  );
  const all = [['case', 'metric', 'value', 'budget', ''], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 2 ? cell.padStart(widths[2] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function describe(budget: Budget | undefined): string {
  if (budget === undefined) return '-';
  return `${budget.side === 'at most' ? '<=' : '>='} ${format(budget.limit)}`;
}

/** A figure that is missing keeps no budget. */
export function verdict(value: number, budget: Budget | undefined): 'ok' | 'OVER' | 'UNDER' | '' {
  if (budget === undefined) return '';
  if (budget.side === 'at most') return value <= budget.limit ? 'ok' : 'OVER';
  return value >= budget.limit ? 'ok' : 'UNDER';
}

/** Three significant digits, thousands whole. */
export function format(value: number): string {
  if (Number.isNaN(value)) return 'none';
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}
