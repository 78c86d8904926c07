/** The line of an edge: a shallow arc, so that the two directions between a pair do not cover one another. */

import type { Point } from './layout.ts';

export interface Curve {
  readonly from: Point;
  readonly control: Point;
  readonly to: Point;
}

const bend = 0.11;

/** Always to the left of its direction. */
export function curveBetween(from: Point, to: Point): Curve {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  return {
    from,
    to,
    control: { x: (from.x + to.x) / 2 + dy * bend, y: (from.y + to.y) / 2 - dx * bend },
  };
}

/**
 * For crowded pictures: lines between the same two clouds are drawn together in the middle, as cables are, so that one
 * sees the bundle first and the single line when one follows it.
 */
export function bundledCurve(from: Point, to: Point, fromCenter: Point, toCenter: Point): Curve {
  const own = curveBetween(from, to);
  const shared = curveBetween(fromCenter, toCenter).control;
  const mix = (a: number, b: number): number => a + (b - a) * bundling;
  return { from, to, control: { x: mix(own.control.x, shared.x), y: mix(own.control.y, shared.y) } };
}

const bundling = 0.85;

/** Of a quadratic Bézier curve, `t` from 0 to 1. */
export function pointAt({ from, control, to }: Curve, t: number): Point {
  const s = 1 - t;
  const a = s * s;
  const b = 2 * s * t;
  const c = t * t;
  return { x: a * from.x + b * control.x + c * to.x, y: a * from.y + b * control.y + c * to.y };
}

const samples = 12;

/** From a point to the curve, good enough for a pointer. */
export function distanceTo(curve: Curve, point: Point): number {
  let nearest = Infinity;
  let before = curve.from;
  for (let step = 1; step <= samples; step += 1) {
    const after = pointAt(curve, step / samples);
    nearest = Math.min(nearest, distanceToSegment(point, before, after));
    before = after;
  }
  return nearest;
}

function distanceToSegment(point: Point, a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = dx * dx + dy * dy;
  const t =
    length === 0 ? 0 : Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / length));
  return Math.hypot(point.x - a.x - t * dx, point.y - a.y - t * dy);
}
