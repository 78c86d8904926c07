/** Dots that wander along the edges, faster where there is more traffic: the direction and the life of it. */

import { type Camera, type Size, toScreen } from './camera.ts';
import { pointAt } from './curve.ts';
import type { Palette } from './palette.ts';
import { type Emphasis, isEmphasized, isVisible, type PlacedEdge, type PlacedScene } from './picture.ts';

/** More would be a swarm, and take the time that the lines need. */
const mostEdges = 140;
/** Between two dots, in units of the world. */
const gap = 90;

/** The edges that get dots: those looked at, else the busiest. */
export function flowing(
  placed: PlacedScene,
  emphasis: Emphasis,
  camera: Camera,
  size: Size,
): readonly PlacedEdge[] {
  const isFocused =
    emphasis.selected !== undefined || emphasis.hovered !== undefined || emphasis.focus !== undefined;
  return placed.edges
    .filter(
      ({ edge, curve }) =>
        (edge.requestsPerSecond > 0 || edge.bytesPerSecond > 0) &&
        (!isFocused || isEmphasized(edge, emphasis)) &&
        isVisible(curve, camera, size),
    )
    .sort((a, b) => b.edge.requestsPerSecond - a.edge.requestsPerSecond)
    .slice(0, mostEdges);
}

export interface FlowFrame {
  readonly edges: readonly PlacedEdge[];
  readonly camera: Camera;
  readonly size: Size;
  readonly ratio: number;
  readonly palette: Palette;
  readonly atMs: number;
}

export function drawFlow(context: CanvasRenderingContext2D, frame: FlowFrame): void {
  const { edges, camera, size, ratio, palette, atMs } = frame;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  for (const { edge, curve, length } of edges) {
    const speed = 24 + 26 * Math.log10(1 + edge.requestsPerSecond);
    const dots = Math.max(1, Math.round(length / gap));
    const phase = ((atMs / 1000) * speed) / Math.max(1, length);
    const pixels = Math.max(2, 3.4 * Math.sqrt(camera.zoom));
    context.fillStyle = palette.health[edge.health];
    for (let dot = 0; dot < dots; dot += 1) {
      const { x, y } = toScreen(camera, pointAt(curve, (phase + dot / dots) % 1));
      context.fillRect(x - pixels / 2, y - pixels / 2, pixels, pixels);
    }
  }
}
