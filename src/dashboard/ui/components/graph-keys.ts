/** The keyboard in the graph. */

import type { GraphEngine } from '../graph/engine.ts';
import { type Direction, nextNode } from '../graph/navigate.ts';

const arrows: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

const shifts: Readonly<Record<Direction, readonly [number, number]>> = {
  left: [60, 0],
  right: [-60, 0],
  up: [0, 60],
  down: [0, -60],
};

export interface GraphActions {
  choose(id: string | undefined): void;
  focusOn(id: string | undefined): void;
}

/** Whether the key meant something here. */
export function graphKey(
  event: {
    readonly key: string;
    readonly shiftKey: boolean;
    readonly ctrlKey: boolean;
    readonly metaKey: boolean;
  },
  engine: Pick<GraphEngine, 'zoom' | 'pan' | 'fit' | 'places'>,
  selected: string | undefined,
  { choose, focusOn }: GraphActions,
): boolean {
  if (event.ctrlKey || event.metaKey) return false;
  const direction = arrows[event.key];
  if (direction !== undefined) {
    if (event.shiftKey) engine.pan(...shifts[direction]);
    else choose(nextNode(engine.places, selected, direction) ?? selected);
    return true;
  }
  switch (event.key) {
    case '+':
    case '=':
      engine.zoom(1.25);
      return true;
    case '-':
      engine.zoom(0.8);
      return true;
    case '0':
      engine.fit();
      return true;
    case 'Enter':
      if (selected === undefined) return false;
      focusOn(selected);
      return true;
    case 'Escape':
      focusOn(undefined);
      return true;
    default:
      return false;
  }
}
