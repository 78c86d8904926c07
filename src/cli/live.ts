/** Commands that show the same again and again: redrawn in place at a terminal, one after the other in a pipe. */

import { stringify } from 'yaml';
import type { CommandContext } from './context.ts';

export interface Picture {
  readonly data: unknown;
  readonly table: () => string;
}

const clear = '\u001b[H\u001b[2J\u001b[3J';

/**
 * Shows what `take` sees once, or with `everyMs` until somebody interrupts. A look that fails is told and the next one
 * tried, except for the first, which throws.
 */
export async function show(
  context: CommandContext,
  everyMs: number | undefined,
  take: () => Promise<Picture>,
): Promise<void> {
  const first = await take();
  if (everyMs === undefined) return context.print(first.data, first.table);
  const { edges } = context;
  const end = edges.interrupted();
  let picture: Picture | undefined = first;
  while (!end.aborted) {
    if (picture !== undefined) draw(context, picture);
    await edges.sleep(everyMs, end);
    if (end.aborted) break;
    picture = await take().catch((error: unknown) => {
      edges.err(
        `${context.paint.warning('warning:')} ${error instanceof Error ? error.message : String(error)}\n`,
      );
      return undefined;
    });
  }
}

function draw({ edges, output }: CommandContext, { data, table }: Picture): void {
  if (output === 'json') return edges.out(`${JSON.stringify(data)}\n`);
  if (output === 'yaml') return edges.out(`---\n${stringify(data)}`);
  if (!edges.isTerminal) return edges.out(`${table()}\n\n`);
  const { lines } = edges.screen();
  const visible = table()
    .split('\n')
    .slice(0, lines - 1);
  edges.out(`${clear}${visible.join('\n')}\n`);
}
