/** The colours of the canvas, from the style sheet, so that dark and light are decided in one place. */

import type { Health } from './scene.ts';

export interface Palette {
  readonly background: string;
  readonly cloud: string;
  readonly cloudText: string;
  readonly text: string;
  readonly faint: string;
  readonly node: string;
  readonly accent: string;
  readonly health: Readonly<Record<Health, string>>;
  readonly font: string;
}

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return {
    background: color('--surface'),
    cloud: color('--graph-cloud'),
    cloudText: color('--text-muted'),
    text: color('--text'),
    faint: color('--graph-faint'),
    node: color('--graph-node'),
    accent: color('--accent'),
    health: {
      good: color('--graph-good'),
      degraded: color('--graph-degraded'),
      bad: color('--graph-bad'),
      unknown: color('--graph-unknown'),
    },
    font: style.fontFamily,
  };
}
