/**
 * The edges of a frame. Hundreds of arcs are drawn as few paths, one per colour and width: setting up a stroke costs
 * more than drawing it. What the reader looks at is drawn again on top, with arrows and locks.
 */

import { pointAt } from './curve.ts';
import { type Frame, useWorld } from './draw.ts';
import { edgeWidth } from './marks.ts';
import { isEmphasized, isVisible, type PlacedEdge } from './picture.ts';
import type { Health } from './scene.ts';

/** Beyond this many edges single arrows and locks say nothing any more. */
const mostDetailed = 160;

export function drawEdges(context: CanvasRenderingContext2D, frame: Frame): void {
  const { placed, camera, size, emphasis } = frame;
  const visible = placed.edges.filter(({ curve }) => isVisible(curve, camera, size));
  const isFocused =
    emphasis.selected !== undefined || emphasis.hovered !== undefined || emphasis.focus !== undefined;
  const emphasized = isFocused ? visible.filter(({ edge }) => isEmphasized(edge, emphasis)) : [];
  const rest = isFocused ? visible.filter(({ edge }) => !isEmphasized(edge, emphasis)) : visible;
  useWorld(context, frame);
  context.lineCap = 'butt';
  strokeAll(context, rest, frame, isFocused);
  strokeAll(context, emphasized, frame, false, 1);
  const detailed = isFocused ? emphasized : rest;
  if (detailed.length > mostDetailed || camera.zoom < 0.35) return;
  for (const placedEdge of detailed) drawArrow(context, placedEdge, frame);
  for (const placedEdge of detailed) drawLock(context, placedEdge, frame);
}

/** The more edges, the more must shine through; trouble never fades. */
function opacityOf(health: Health, count: number): number {
  if (health === 'bad') return 0.95;
  if (health === 'degraded') return 0.85;
  return Math.min(0.85, Math.max(0.11, 130 / Math.max(1, count)));
}

function strokeAll(
  context: CanvasRenderingContext2D,
  edges: readonly PlacedEdge[],
  frame: Frame,
  isDimmed: boolean,
  opacity?: number,
): void {
  const { palette, camera } = frame;
  const batches = new Map<string, PlacedEdge[]>();
  for (const placed of edges) {
    const step = Math.round(edgeWidth(placed.edge.requestsPerSecond) * 1.5);
    const key = isDimmed ? 'dimmed' : `${placed.edge.health} ${step} ${placed.edge.mtls === false}`;
    const batch = batches.get(key) ?? [];
    batches.set(key, batch);
    batch.push(placed);
  }
  // Lines neither vanish far away nor become beams close by.
  const scale = Math.sqrt(camera.zoom) / camera.zoom;
  for (const batch of batches.values()) {
    const { edge } = batch[0] as PlacedEdge;
    context.strokeStyle = isDimmed ? palette.faint : palette.health[edge.health];
    context.globalAlpha = isDimmed ? 1 : (opacity ?? opacityOf(edge.health, edges.length));
    context.lineWidth = isDimmed
      ? 0.7 * scale
      : (Math.round(edgeWidth(edge.requestsPerSecond) * 1.5) / 1.5) * scale;
    context.setLineDash(!isDimmed && edge.mtls === false ? [5 * scale, 4 * scale] : []);
    context.beginPath();
    for (const { curve } of batch) {
      context.moveTo(curve.from.x, curve.from.y);
      context.quadraticCurveTo(curve.control.x, curve.control.y, curve.to.x, curve.to.y);
    }
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** A little behind the middle, where lines that meet at a node have parted. */
const arrowAt = 0.62;

function drawArrow(context: CanvasRenderingContext2D, { edge, curve }: PlacedEdge, frame: Frame): void {
  const tip = pointAt(curve, arrowAt);
  const tail = pointAt(curve, arrowAt - 0.04);
  const angle = Math.atan2(tip.y - tail.y, tip.x - tail.x);
  const length = (6 + edgeWidth(edge.requestsPerSecond)) / Math.sqrt(frame.camera.zoom);
  context.fillStyle = frame.palette.health[edge.health];
  context.beginPath();
  context.moveTo(tip.x + Math.cos(angle) * length * 0.5, tip.y + Math.sin(angle) * length * 0.5);
  for (const side of [2.5, -2.5]) {
    context.lineTo(tip.x + Math.cos(angle + side) * length, tip.y + Math.sin(angle + side) * length);
  }
  context.fill();
}

const lockAt = 0.42;

/** Closed for mutual TLS, open without any; half and half is shown open in the colour of a warning. */
function drawLock(context: CanvasRenderingContext2D, { edge, curve }: PlacedEdge, frame: Frame): void {
  const { palette, camera } = frame;
  const { x, y } = pointAt(curve, lockAt);
  const unit = 1 / Math.sqrt(camera.zoom);
  context.fillStyle = palette.background;
  context.beginPath();
  context.arc(x, y, 8 * unit, 0, 2 * Math.PI);
  context.fill();
  const color = edge.mtls === true ? palette.cloudText : palette.health.degraded;
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineWidth = 1.3 * unit;
  context.fillRect(x - 3.5 * unit, y - 0.8 * unit, 7 * unit, 5.3 * unit);
  context.beginPath();
  const shift = edge.mtls === true ? 0 : 3.2 * unit;
  context.arc(x + shift, y - 1.2 * unit, 2.2 * unit, Math.PI, 2 * Math.PI);
  context.stroke();
}
