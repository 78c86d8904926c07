/**
 * Where the nodes are: each namespace is a cloud of its nodes, clouds that talk much lie side by side. Nodes that have
 * a place keep it, so that a picture stays the same picture while traffic comes and goes; the same graph always gets
 * the same places, whoever looks.
 */

import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from 'd3-force';
import { type CloudLink, ranksOf } from './ranks.ts';
import type { Scene } from './scene.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Places = ReadonlyMap<string, Point>;

/** Between neighbours, in units of the world (pixels at zoom 1): room for a label below each node. */
export const nodeSpacing = 104;
/** Labels are wider than high: rows may be closer than columns. */
const squash = 0.66;
const groupGap = 95;
const groupTicks = 220;
const nodeTicks = 140;

interface Body extends SimulationNodeDatum {
  readonly id: string;
  readonly group: string;
  x: number;
  y: number;
}

interface Cloud extends SimulationNodeDatum {
  readonly group: string;
  readonly radius: number;
  x: number;
  y: number;
}

/** @param known places of before; those of nodes no longer in the scene are ignored */
export function placeNodes(scene: Scene, known: Places): Places {
  const ids = scene.nodes.map((node) => node.id);
  if (ids.every((id) => known.has(id))) return new Map(ids.map((id) => [id, known.get(id) as Point]));
  const clouds = placeClouds(scene, known);
  const bodies = bodiesOf(scene, known, clouds);
  const links: SimulationLinkDatum<Body>[] = scene.edges
    .filter((edge) => edge.source !== edge.target)
    .map((edge) => ({ source: edge.source, target: edge.target }));
  forceSimulation(bodies)
    .stop()
    .force('x', forceX<Body>((body) => clouds.get(body.group)?.x ?? 0).strength(0.16))
    .force('y', forceY<Body>((body) => clouds.get(body.group)?.y ?? 0).strength(0.16))
    // Just enough to turn a node towards those it talks to.
    .force(
      'link',
      forceLink<Body, SimulationLinkDatum<Body>>(links)
        .id((body) => body.id)
        .distance(0)
        .strength(0.002),
    )
    .force('collide', forceCollide<Body>(nodeSpacing / 2).iterations(3))
    .tick(nodeTicks);
  return new Map(bodies.map((body) => [body.id, { x: Math.round(body.x), y: Math.round(body.y * squash) }]));
}

function membersOf(scene: Scene): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, string[]>();
  for (const node of scene.nodes) {
    const list = members.get(node.group) ?? [];
    members.set(node.group, list);
    list.push(node.id);
  }
  return new Map([...members].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Clouds with a known node stay around what is known of them. */
function placeClouds(scene: Scene, known: Places): ReadonlyMap<string, Cloud> {
  const members = membersOf(scene);
  const columns = columnsOf(members, cloudLinks(scene));
  const clouds = [...members].map(([group, ids], index): Cloud => {
    const places = ids.flatMap((id) => known.get(id) ?? []);
    const radius = cloudRadius(ids.length);
    if (places.length > 0) {
      const x = places.reduce((sum, place) => sum + place.x, 0) / places.length;
      const y = places.reduce((sum, place) => sum + place.y, 0) / places.length / squash;
      return { group, radius, x, y, fx: x, fy: y };
    }
    // A spiral in order of name: a start without chance.
    const angle = index * 2.399_963;
    const distance = 120 * Math.sqrt(index);
    return {
      group,
      radius,
      x: (columns.get(group) ?? 0) + Math.cos(angle) * distance,
      y: Math.sin(angle) * distance,
    };
  });
  forceSimulation(clouds)
    .stop()
    .force(
      'link',
      forceLink<Cloud, SimulationLinkDatum<Cloud>>(cloudLinks(scene).map((link) => ({ ...link })))
        .id((cloud) => cloud.group)
        .distance(0)
        .strength(0.02),
    )
    .force('charge', forceManyBody<Cloud>().strength(-60))
    .force('x', forceX<Cloud>((cloud) => columns.get(cloud.group) ?? 0).strength(0.3))
    .force('y', forceY<Cloud>(0).strength(0.06))
    .force('collide', forceCollide<Cloud>((cloud) => cloud.radius).iterations(4))
    .tick(groupTicks);
  return new Map(clouds.map((cloud) => [cloud.group, cloud]));
}

/**
 * Callers to the left of what they call, as one reads: where each cloud would be by its rank alone. The whole is about
 * as much wider than high as a screen is.
 */
function columnsOf(
  members: ReadonlyMap<string, readonly string[]>,
  links: readonly CloudLink[],
): ReadonlyMap<string, number> {
  const ranks = ranksOf([...members.keys()], links);
  const last = Math.max(1, ...ranks.values());
  const radii = [...members.values()].map((ids) => cloudRadius(ids.length));
  const area = radii.reduce((sum, radius) => sum + 4 * radius ** 2, 0);
  // Never wider than all of them in a row.
  const row = radii.reduce((sum, radius) => sum + 2 * radius, 0) * (1 - 1 / Math.max(2, radii.length));
  const width = Math.min(row, 1.25 * Math.sqrt(area));
  return new Map([...ranks].map(([group, rank]) => [group, (rank / last - 0.5) * width]));
}

function cloudRadius(nodes: number): number {
  return (nodeSpacing / 2) * Math.sqrt(nodes) * 1.16 + groupGap;
}

function cloudLinks(scene: Scene): readonly CloudLink[] {
  const groups = new Map(scene.nodes.map((node) => [node.id, node.group]));
  const pairs = new Map<string, CloudLink>();
  for (const edge of scene.edges) {
    const source = groups.get(edge.source);
    const target = groups.get(edge.target);
    if (source === undefined || target === undefined || source === target) continue;
    pairs.set(`${source} ${target}`, { source, target });
  }
  return [...pairs.values()];
}

/** In rings around the middle of the cloud, the busiest inside; known ones are held where they are. */
function bodiesOf(scene: Scene, known: Places, clouds: ReadonlyMap<string, Cloud>): Body[] {
  const seats = new Map<string, number>();
  const nodes = [...scene.nodes].sort(
    (a, b) => b.requestsPerSecond - a.requestsPerSecond || (a.id < b.id ? -1 : 1),
  );
  return nodes.map(({ id, group }): Body => {
    const place = known.get(id);
    const seat = seats.get(group) ?? 0;
    seats.set(group, seat + 1);
    if (place !== undefined) {
      const y = place.y / squash;
      return { id, group, x: place.x, y, fx: place.x, fy: y };
    }
    const cloud = clouds.get(group);
    const angle = seat * 2.399_963;
    const distance = nodeSpacing * 0.55 * Math.sqrt(seat);
    return {
      id,
      group,
      x: (cloud?.x ?? 0) + Math.cos(angle) * distance,
      y: (cloud?.y ?? 0) + Math.sin(angle) * distance,
    };
  });
}
