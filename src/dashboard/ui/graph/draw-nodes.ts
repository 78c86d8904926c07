/** The nodes of a frame: their shape says what they are, the ring how they fare, the size how much they receive. */

import { type Box, overlap } from './box.ts';
import { type Size, toScreen } from './camera.ts';
import type { Frame } from './draw.ts';
import type { Point } from './layout.ts';
import { shortLabel } from './marks.ts';
import type { Emphasis, PlacedNode } from './picture.ts';
import type { SceneNode } from './scene.ts';

/** @param covered by other names */
export function drawNodes(context: CanvasRenderingContext2D, frame: Frame, covered: readonly Box[]): void {
  const { placed, ratio, emphasis } = frame;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const placedNode of placed.nodes) {
    const at = toScreen(frame.camera, placedNode.place);
    if (isSeen(at, frame.size))
      drawNode(context, placedNode, at.x, at.y, frame, isDimmed(placedNode.node.id, emphasis));
  }
  drawLabels(context, frame, covered);
}

function isSeen({ x, y }: Point, size: Size): boolean {
  return x > -80 && x < size.width + 80 && y > -60 && y < size.height + 60;
}

function isChosen(id: string, { selected, hovered }: Emphasis): boolean {
  return id === selected || id === hovered;
}

function isDimmed(id: string, emphasis: Emphasis): boolean {
  return emphasis.focus !== undefined && !emphasis.focus.has(id) && !isChosen(id, emphasis);
}

function drawNode(
  context: CanvasRenderingContext2D,
  { node, radius }: PlacedNode,
  x: number,
  y: number,
  frame: Frame,
  dimmed: boolean,
): void {
  const { palette, emphasis } = frame;
  const pixels = Math.max(3, radius * Math.min(1.3, frame.camera.zoom));
  if (node.id === emphasis.selected) {
    context.strokeStyle = palette.accent;
    context.lineWidth = 3;
    context.beginPath();
    context.arc(x, y, pixels + 6, 0, 2 * Math.PI);
    context.stroke();
  }
  context.fillStyle = palette.node;
  context.strokeStyle = dimmed ? palette.faint : palette.health[node.health];
  context.lineWidth = Math.max(1.5, pixels * 0.26);
  shape(context, node.kind, x, y, pixels);
  context.fill();
  context.stroke();
}

/** Circle: workload; square: Service; diamond: gateway; triangle: outside; rounded square: namespace. */
function shape(
  context: CanvasRenderingContext2D,
  kind: SceneNode['kind'],
  x: number,
  y: number,
  radius: number,
): void {
  context.beginPath();
  switch (kind) {
    case 'gateway':
      polygon(context, x, y, radius * 1.2, 4, 0);
      break;
    case 'external':
    case 'unknown':
      polygon(context, x, y, radius * 1.15, 3, -Math.PI / 2);
      break;
    case 'service':
      polygon(context, x, y, radius * 1.2, 4, Math.PI / 4);
      break;
    case 'namespace':
      context.roundRect(x - radius, y - radius, 2 * radius, 2 * radius, radius / 2);
      break;
    case 'workload':
      context.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

function polygon(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  corners: number,
  turn: number,
): void {
  for (let corner = 0; corner < corners; corner += 1) {
    const angle = turn + (corner / corners) * 2 * Math.PI;
    context.lineTo(x + Math.cos(angle) * radius, y + Math.sin(angle) * radius);
  }
  context.closePath();
}

/** As many names as have room, those that matter most first: the chosen, the ones looked at, trouble, the busy. */
function drawLabels(context: CanvasRenderingContext2D, frame: Frame, covered: readonly Box[]): void {
  const { placed, camera, size, emphasis, palette } = frame;
  const pixels = Math.min(13, Math.max(11, 11.5 * camera.zoom));
  const isFirst = ({ node }: PlacedNode): boolean => isChosen(node.id, emphasis);
  const nodes = placed.nodes.map(({ place, radius }) => {
    // A name may touch the rim of a neighbour, but not hide it.
    const pixels = 1.2 * Math.max(3, radius * Math.min(1.3, camera.zoom));
    return { ...toScreen(camera, place), width: pixels, height: pixels };
  });
  const taken: Box[] = [...covered, ...nodes];
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  for (const placedNode of [
    ...placed.byImportance.filter(isFirst),
    ...placed.byImportance.filter((one) => !isFirst(one)),
  ]) {
    const { node, radius, place } = placedNode;
    const { x, y } = toScreen(camera, place);
    if (!isSeen({ x, y }, size) || isDimmed(node.id, emphasis)) continue;
    const chosen = isFirst(placedNode);
    const text = chosen ? node.label : shortLabel(node.label);
    const baseline = y + Math.max(3, radius * Math.min(1.3, camera.zoom)) + pixels + 4;
    const box = { x, y: baseline - pixels / 2, width: text.length * pixels * 0.58 + 8, height: pixels + 4 };
    if (taken.some((other) => overlap(box, other))) continue;
    taken.push(box);
    context.font = `${chosen ? 600 : 500} ${pixels}px ${palette.font}`;
    context.globalAlpha = chosen ? 1 : 0.78;
    context.fillStyle = chosen ? palette.background : palette.cloud;
    context.fillRect(box.x - box.width / 2, baseline - pixels, box.width, pixels + 4);
    context.globalAlpha = 1;
    context.fillStyle = palette.text;
    context.fillText(text, x, baseline);
  }
}
