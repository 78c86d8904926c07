/** One frame of the graph on a canvas: clouds, edges, names of clouds, nodes with their names, in this order. */

import { type Camera, type Size, toScreen } from './camera.ts';
import { drawEdges } from './draw-edges.ts';
import { type Box, overlap } from './box.ts';
import { drawNodes } from './draw-nodes.ts';
import { hullOf } from './hull.ts';
import type { Point } from './layout.ts';
import type { Palette } from './palette.ts';
import type { Emphasis, PlacedScene } from './picture.ts';

export interface Frame {
  readonly placed: PlacedScene;
  readonly camera: Camera;
  readonly size: Size;
  /** Device pixels per CSS pixel. */
  readonly ratio: number;
  readonly palette: Palette;
  readonly emphasis: Emphasis;
}

export function drawFrame(context: CanvasRenderingContext2D, frame: Frame): void {
  const { size, ratio, palette } = frame;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = palette.background;
  context.fillRect(0, 0, size.width, size.height);
  drawClouds(context, frame);
  drawEdges(context, frame);
  drawNodes(context, frame, drawCloudNames(context, frame));
}

/** Lines are given in the world and drawn in its scale. */
export function useWorld(context: CanvasRenderingContext2D, { camera, ratio }: Frame): void {
  const scale = ratio * camera.zoom;
  context.setTransform(scale, 0, 0, scale, camera.x * ratio, camera.y * ratio);
}

const cloudPadding = 44;

function drawClouds(context: CanvasRenderingContext2D, frame: Frame): void {
  const { placed, palette } = frame;
  useWorld(context, frame);
  context.lineJoin = 'round';
  context.lineCap = 'round';
  context.fillStyle = palette.cloud;
  context.strokeStyle = palette.cloud;
  context.lineWidth = cloudPadding * 2;
  for (const [, points] of placed.clouds) {
    outline(context, hullOf(points));
    context.fill();
    context.stroke();
  }
}

/** Above the lines, on a ground of their own, so that a crowd does not hide where one is. Returns what they cover. */
function drawCloudNames(
  context: CanvasRenderingContext2D,
  { placed, camera, palette, ratio }: Frame,
): readonly Box[] {
  const taken: Box[] = [];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  // Legible however far away one stands.
  const pixels = Math.min(20, Math.max(12, 15 * camera.zoom));
  context.font = `600 ${pixels}px ${palette.font}`;
  const largestFirst = [...placed.clouds].sort(([, a], [, b]) => b.length - a.length);
  for (const [group, points] of largestFirst) {
    const left = Math.min(...points.map((point) => point.x));
    const right = Math.max(...points.map((point) => point.x));
    const top = Math.min(...points.map((point) => point.y)) - cloudPadding;
    const { x, y } = toScreen(camera, { x: (left + right) / 2, y: top });
    const box = {
      x,
      y: y + pixels * 0.35,
      width: context.measureText(group).width + 12,
      height: pixels * 1.5,
    };
    if (taken.some((other) => overlap(box, other))) continue;
    taken.push(box);
    context.fillStyle = palette.cloud;
    context.beginPath();
    context.roundRect(x - box.width / 2, y - pixels * 0.4, box.width, box.height, 5);
    context.fill();
    context.fillStyle = palette.cloudText;
    context.fillText(group, x, y + pixels * 0.7);
  }
  return taken;
}

function outline(context: CanvasRenderingContext2D, points: readonly Point[]): void {
  context.beginPath();
  for (const [index, { x, y }] of points.entries()) {
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  // A single point has no line of its own; a tiny one makes it a dot.
  if (points.length === 1 && points[0] !== undefined) context.lineTo(points[0].x + 0.1, points[0].y);
  context.closePath();
}
