/** The table that `npm start` shows: drawn over itself on a terminal, line by line elsewhere. */

import { formatPercent, type Row, sharesOf } from './figures.ts';

export interface View {
  readonly title: string;
  readonly rows: readonly Row[];
  /** What the route's status says, where it says something. */
  readonly routeStatus: string | undefined;
}

const columns: readonly (readonly [title: string, width: number, value: (row: Row) => string])[] = [
  ['SERVICE', -9, (row) => row.service],
  ['VERSION', -8, (row) => row.version],
  ['CALLS/S', 8, (row) => row.perSecond.toFixed(1)],
  ['SUCCESS', 9, (row) => (row.calls === 0 ? '' : formatPercent(row.success))],
  ['P50', 9, (row) => (row.calls === 0 ? '' : formatMs(row.p50Ms))],
  ['P99', 9, (row) => (row.calls === 0 ? '' : formatMs(row.p99Ms))],
  ['MUTUAL TLS', 20, formatMutualTLS],
];

/** The whole view as lines without colours. */
export function renderView({ title, rows, routeStatus }: View): readonly string[] {
  const line = (value: (column: (typeof columns)[number]) => string): string =>
    columns
      .map((column) => pad(value(column), column[1]))
      .join('')
      .trimEnd();
  return [
    title,
    '',
    line(([name]) => name),
    ...rows.map((row) => line(([, , value]) => value(row))),
    '',
    `catalog  ${renderShares(sharesOf('catalog', rows))}`,
    ...(routeStatus === undefined ? [] : [`route    ${routeStatus}`]),
    ...rows.flatMap(({ service, lastError }) =>
      lastError === undefined ? [] : [`${service}: ${lastError}`],
    ),
  ];
}

const barWidth = 40;

function renderShares(shares: ReadonlyMap<string, number>): string {
  const [[oldest, share] = ['v1', 0]] = [...shares];
  const filled = Math.round(share * barWidth);
  const newest = [...shares.keys()].at(-1) ?? '';
  const rest = [...shares.values()].at(-1) ?? 0;
  const bar = `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}`;
  return `${oldest} ${formatPercent(share).padStart(5)} [${bar}] ${formatPercent(rest).padStart(5)} ${newest}`;
}

function formatMutualTLS({ version, connections }: Row): string {
  if (version === '-') return '';
  const { established, mutualTLS } = connections;
  if (established === 0) return 'no connection';
  return mutualTLS >= established ? `all ${mutualTLS}` : `${mutualTLS} of ${established}`;
}

function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** A negative width fills on the right. */
function pad(text: string, width: number): string {
  return width < 0 ? text.padEnd(-width) : text.padStart(width);
}

export interface Screen {
  show(view: View): void;
  /** A line that stays, above what is drawn next. */
  say(line: string): void;
}

export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Without a terminal a view is written at most every `plainEveryMs`, the first one at once. */
export function createScreen(output: Output, now: () => number, plainEveryMs = 5000): Screen {
  let drawn = 0;
  let nextPlainMs = 0;
  const erase = (): void => {
    if (drawn > 0) output.write(`\x1b[${drawn}A\x1b[J`);
    drawn = 0;
  };
  return {
    show: (view) => {
      if (output.isTTY === true) {
        const lines = renderView(view).map((line) => line.slice(0, (output.columns ?? 80) - 1));
        erase();
        output.write(`${lines.join('\n')}\n`);
        drawn = lines.length;
        return;
      }
      if (now() < nextPlainMs) return;
      nextPlainMs = now() + plainEveryMs;
      output.write(`${renderView(view).join('\n')}\n\n`);
    },
    say: (line) => {
      erase();
      nextPlainMs = 0;
      output.write(`${line}\n`);
    },
  };
}
