/** The nodes of a frame: their shape says what they are, the ring how they fare, the size how much they receive. */

import { toScreen } from './camera.ts';
import type { Frame } from './draw.ts';
import { shortLabel } from './marks.ts';
import type { PlacedNode } from './picture.ts';
import type { SceneNode } from './scene.ts';

/** Smaller than this, names are dots of ink. */
const labelZoom = 0.5;

export function drawNodes(context: CanvasRenderingContext2D, frame: Frame): void {
  const { placed, camera, size, ratio, emphasis } = frame;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const placedNode of placed.nodes) {
    const { x, y } = toScreen(camera, placedNode.place);
    if (x < -80 || x > size.width + 80 || y < -60 || y > size.height + 60) continue;
    const { id } = placedNode.node;
    const isChosen = id === emphasis.selected || id === emphasis.hovered;
    const isDimmed = emphasis.focus !== undefined && !emphasis.focus.has(id) && !isChosen;
    drawNode(context, placedNode, x, y, frame, isDimmed);
    if (isChosen || (camera.zoom >= labelZoom && !isDimmed) || emphasis.focus?.has(id) === true)
      drawLabel(context, placedNode, x, y, frame, isChosen);
  }
}

function drawNode(
  context: CanvasRenderingContext2D,
  { node, radius }: PlacedNode,
  x: number,
  y: number,
  frame: Frame,
  isDimmed: boolean,
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
  context.strokeStyle = isDimmed ? palette.faint : palette.health[node.health];
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

function drawLabel(
  context: CanvasRenderingContext2D,
  { node, radius }: PlacedNode,
  x: number,
  y: number,
  { palette, camera }: Frame,
  isChosen: boolean,
): void {
  const pixels = Math.min(13, Math.max(10, 11.5 * camera.zoom));
  const baseline = y + Math.max(3, radius * Math.min(1.3, camera.zoom)) + pixels + 4;
  const text = isChosen ? node.label : shortLabel(node.label);
  context.font = `${isChosen ? 600 : 500} ${pixels}px ${palette.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  // A halo in the colour of the ground keeps names legible over lines; stroked text costs more than a box.
  const width = isChosen ? context.measureText(text).width + 10 : text.length * pixels * 0.56;
  context.globalAlpha = isChosen ? 1 : 0.72;
  context.fillStyle = isChosen ? palette.background : palette.cloud;
  context.fillRect(x - width / 2, baseline - pixels, width, pixels + 4);
  context.globalAlpha = 1;
  context.fillStyle = palette.text;
  context.fillText(text, x, baseline);
}
