/** Everything that decides one frame of the graph; what changes it makes a new one. */

import { type Camera, type Size, toScreen } from './camera.ts';
import { bundledCurve, type Curve, curveBetween } from './curve.ts';
import type { Places, Point } from './layout.ts';
import { nodeRadius } from './marks.ts';
import type { Scene, SceneEdge, SceneNode } from './scene.ts';

export interface PlacedNode {
  readonly node: SceneNode;
  readonly place: Point;
  readonly radius: number;
}

export interface PlacedEdge {
  readonly edge: SceneEdge;
  readonly curve: Curve;
  /** Of the world. */
  readonly length: number;
}

/** A scene with its places worked out once, not in every frame. */
export interface PlacedScene {
  readonly scene: Scene;
  readonly nodes: readonly PlacedNode[];
  /** The same with the ones first whose names matter most: in trouble, then busy. */
  readonly byImportance: readonly PlacedNode[];
  /** The quiet and healthy first, so that trouble is drawn on top. */
  readonly edges: readonly PlacedEdge[];
  readonly clouds: ReadonlyMap<string, readonly Point[]>;
}

export interface Emphasis {
  readonly selected?: string;
  readonly hovered?: string;
  /** Only these and the edges between them and the selected one are in full colour. */
  readonly focus?: ReadonlySet<string>;
}

/** With more edges than this, lines between the same clouds are bundled. */
const mostLoose = 150;

const order = { unknown: 0, good: 1, degraded: 2, bad: 3 } as const;

export function placeScene(scene: Scene, places: Places): PlacedScene {
  const nodes = scene.nodes.flatMap((node): PlacedNode[] => {
    const place = places.get(node.id);
    return place === undefined ? [] : [{ node, place, radius: nodeRadius(node) }];
  });
  const clouds = new Map<string, Point[]>();
  for (const { node, place } of nodes) {
    const points = clouds.get(node.group) ?? [];
    clouds.set(node.group, points);
    points.push(place);
  }
  const centers = new Map([...clouds].map(([group, points]) => [group, centerOf(points)]));
  const groups = new Map(scene.nodes.map((node) => [node.id, node.group]));
  const isCrowded = scene.edges.length > mostLoose;
  const curveOf = (edge: SceneEdge, from: Point, to: Point): Curve => {
    const fromCenter = centers.get(groups.get(edge.source) ?? '');
    const toCenter = centers.get(groups.get(edge.target) ?? '');
    const isLoose =
      !isCrowded || fromCenter === toCenter || fromCenter === undefined || toCenter === undefined;
    return isLoose ? curveBetween(from, to) : bundledCurve(from, to, fromCenter, toCenter);
  };
  const edges = scene.edges.flatMap((edge): PlacedEdge[] => {
    const from = places.get(edge.source);
    const to = places.get(edge.target);
    if (from === undefined || to === undefined || edge.source === edge.target) return [];
    return [{ edge, curve: curveOf(edge, from, to), length: Math.hypot(to.x - from.x, to.y - from.y) }];
  });
  edges.sort(
    (a, b) =>
      order[a.edge.health] - order[b.edge.health] || a.edge.requestsPerSecond - b.edge.requestsPerSecond,
  );
  const byImportance = [...nodes].sort(
    (a, b) =>
      Number(b.node.health === 'bad') - Number(a.node.health === 'bad') ||
      b.node.requestsPerSecond - a.node.requestsPerSecond,
  );
  return { scene, nodes, byImportance, edges, clouds };
}

function centerOf(points: readonly Point[]): Point {
  const sum = points.reduce((at, { x, y }) => ({ x: at.x + x, y: at.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

/** Whether the edge is part of what the reader looks at. */
export function isEmphasized(edge: SceneEdge, emphasis: Emphasis): boolean {
  const { selected, hovered, focus } = emphasis;
  const end = hovered ?? selected;
  if (end !== undefined) return edge.source === end || edge.target === end;
  return focus !== undefined && focus.has(edge.source) && focus.has(edge.target);
}

export function nodeAt(placed: PlacedScene, camera: Camera, pixel: Point): SceneNode | undefined {
  // The one drawn last lies on top.
  for (let index = placed.nodes.length - 1; index >= 0; index -= 1) {
    const { node, place, radius } = placed.nodes[index] as PlacedNode;
    const center = toScreen(camera, place);
    if (Math.hypot(pixel.x - center.x, pixel.y - center.y) <= Math.max(10, radius * camera.zoom + 4))
      return node;
  }
  return undefined;
}

export function isVisible(curve: Curve, camera: Camera, size: Size): boolean {
  const from = toScreen(camera, curve.from);
  const to = toScreen(camera, curve.to);
  return (
    Math.max(from.x, to.x) > -50 &&
    Math.min(from.x, to.x) < size.width + 50 &&
    Math.max(from.y, to.y) > -50 &&
    Math.min(from.y, to.y) < size.height + 50
  );
}
