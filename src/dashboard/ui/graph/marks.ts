/** How large and how wide things are drawn. */

import type { SceneNode } from './scene.ts';

/** In pixels at zoom 1, growing with the logarithm: from idle to ten thousand requests per second. */
export function edgeWidth(requestsPerSecond: number): number {
  return Math.min(6, 0.8 + 1.15 * Math.log10(1 + requestsPerSecond));
}

export function nodeRadius(node: SceneNode): number {
  const radius = Math.min(17, 8 + 2.2 * Math.log10(1 + node.requestsPerSecond));
  return node.kind === 'namespace' ? radius * 1.6 : radius;
}

/** Names are cut in the middle, because both ends tell them apart: `checkout-…-canary`. */
export function shortLabel(label: string, longest = 17): string {
  if (label.length <= longest) return label;
  const tail = Math.floor((longest - 1) / 2);
  return `${label.slice(0, longest - 1 - tail)}…${label.slice(-tail)}`;
}
