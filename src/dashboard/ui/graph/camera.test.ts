import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  between,
  bringIntoView,
  fitTo,
  maxZoom,
  minZoom,
  toScreen,
  toWorld,
  transformBetween,
  zoomAt,
} from './camera.ts';

const size = { width: 800, height: 600 };

test('world and screen are each other turned around', () => {
  const camera = { zoom: 0.7, x: 30, y: -12 };
  const pixel = toScreen(camera, { x: 5, y: 9 });
  assert.ok(Math.abs(toWorld(camera, pixel).x - 5) < 1e-9);
});

test('what is under the pointer stays there while zooming, and zoom has its limits', () => {
  const camera = { zoom: 1, x: 10, y: 20 };
  const pixel = { x: 200, y: 100 };
  const before = toWorld(camera, pixel);
  const after = toWorld(zoomAt(camera, pixel, 1.7), pixel);
  assert.ok(Math.hypot(before.x - after.x, before.y - after.y) < 1e-9);
  assert.equal(zoomAt(camera, pixel, 1e9).zoom, maxZoom);
  assert.equal(zoomAt(camera, pixel, 1e-9).zoom, minZoom);
});

test('fitting shows every point, and a single one is not blown up', () => {
  const points = [
    { x: -1000, y: -50 },
    { x: 3000, y: 900 },
  ];
  const camera = fitTo(points, size);
  for (const point of points) {
    const { x, y } = toScreen(camera, point);
    assert.ok(x >= 0 && x <= size.width && y >= 0 && y <= size.height);
  }
  assert.ok(fitTo([{ x: 5, y: 5 }], size).zoom < 2);
  assert.deepEqual(fitTo([], size), { zoom: 1, x: 400, y: 300 });
});

test('a point in view moves nothing, one outside is brought just inside', () => {
  const camera = { zoom: 1, x: 0, y: 0 };
  assert.deepEqual(bringIntoView(camera, { x: 400, y: 300 }, size), camera);
  const moved = bringIntoView(camera, { x: 1000, y: 300 }, size, 60);
  assert.equal(toScreen(moved, { x: 1000, y: 300 }).x, 740);
});

test('a flight begins where it was and ends where it goes', () => {
  const from = { zoom: 1, x: 0, y: 0 };
  const to = { zoom: 2, x: 10, y: 20 };
  assert.deepEqual(between(from, to, 0), from);
  assert.deepEqual(between(from, to, 1), to);
});

test('a picture that is only moved lies where it would have been drawn', () => {
  const drawn = { zoom: 0.5, x: 40, y: 10 };
  const now = { zoom: 0.8, x: -30, y: 25 };
  const [, x, y, scale] =
    /translate\((.*)px, (.*)px\) scale\((.*)\)/.exec(transformBetween(drawn, now)) ?? [];
  const point = { x: 120, y: -60 };
  const before = toScreen(drawn, point);
  const after = toScreen(now, point);
  assert.ok(Math.abs(before.x * Number(scale) + Number(x) - after.x) < 1e-9);
  assert.ok(Math.abs(before.y * Number(scale) + Number(y) - after.y) < 1e-9);
});
