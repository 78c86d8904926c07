/** Curves, outlines and the way of the arrow keys. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledCurve, curveBetween, pointAt } from './curve.ts';
import { hullOf } from './hull.ts';
import { edgeWidth, shortLabel } from './marks.ts';
import { nextNode } from './navigate.ts';

test('the two directions between a pair do not lie on one another', () => {
  const a = { x: 0, y: 0 };
  const b = { x: 100, y: 0 };
  const there = pointAt(curveBetween(a, b), 0.5);
  const back = pointAt(curveBetween(b, a), 0.5);
  assert.ok(there.y * back.y < 0);
});

test('a curve begins and ends at its nodes, bundled or not', () => {
  const from = { x: 3, y: 4 };
  const to = { x: 80, y: -7 };
  for (const curve of [curveBetween(from, to), bundledCurve(from, to, { x: 0, y: 0 }, { x: 50, y: 0 })]) {
    assert.deepEqual(pointAt(curve, 0), from);
    assert.deepEqual(pointAt(curve, 1), to);
  }
});

test('bundled lines between the same clouds come near each other in the middle', () => {
  const [one, other] = [0, 200].map((y) =>
    pointAt(bundledCurve({ x: 0, y }, { x: 1000, y }, { x: 0, y: 100 }, { x: 1000, y: 100 }), 0.5),
  );
  assert.ok(Math.abs((one?.y ?? 0) - (other?.y ?? 0)) < 130);
});

test('an outline leaves out what lies inside', () => {
  const corners = [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 10, y: 10 },
    { x: 0, y: 10 },
  ];
  assert.equal(hullOf([...corners, { x: 5, y: 5 }, { x: 2, y: 7 }]).length, 4);
  assert.equal(hullOf([{ x: 1, y: 1 }]).length, 1);
});

test('wider means more, and idle is not invisible', () => {
  assert.ok(edgeWidth(0) > 0.5);
  assert.ok(edgeWidth(10) < edgeWidth(1000));
  assert.equal(edgeWidth(1e12), 6);
});

test('long names keep both of their ends', () => {
  const short = shortLabel('checkout-service-eu-west-canary', 17);
  assert.equal(short.length, 17);
  assert.match(short, /^checkout.*canary$/);
});

const places = new Map([
  ['a', { x: 0, y: 0 }],
  ['b', { x: 100, y: 10 }],
  ['c', { x: 60, y: 300 }],
  ['d', { x: 0, y: 100 }],
]);

test('an arrow goes to the nearest node in its direction, and stays at the border', () => {
  assert.equal(nextNode(places, 'a', 'right'), 'b');
  assert.equal(nextNode(places, 'a', 'down'), 'd');
  assert.equal(nextNode(places, 'a', 'left'), undefined);
});

test('without a chosen node one begins at the top left', () => {
  assert.equal(nextNode(places, undefined, 'down'), 'a');
  assert.equal(nextNode(places, 'gone', 'down'), 'a');
  assert.equal(nextNode(new Map(), undefined, 'down'), undefined);
});
