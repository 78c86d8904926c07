/** From the world of the layout to the pixels of the canvas, and back. */

import type { Point } from './layout.ts';

export interface Camera {
  readonly zoom: number;
  /** Pixel of the world's origin. */
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const minZoom = 0.08;
export const maxZoom = 4;

function clampZoom(zoom: number): number {
  return Math.min(maxZoom, Math.max(minZoom, zoom));
}

export function toScreen(camera: Camera, point: Point): Point {
  return { x: point.x * camera.zoom + camera.x, y: point.y * camera.zoom + camera.y };
}

export function toWorld(camera: Camera, pixel: Point): Point {
  return { x: (pixel.x - camera.x) / camera.zoom, y: (pixel.y - camera.y) / camera.zoom };
}

/** As CSS moves what was drawn with one camera to where another would have drawn it. */
export function transformBetween(drawn: Camera, now: Camera): string {
  const scale = now.zoom / drawn.zoom;
  return `translate(${now.x - scale * drawn.x}px, ${now.y - scale * drawn.y}px) scale(${scale})`;
}

/** What is under the pixel stays under it. */
export function zoomAt(camera: Camera, pixel: Point, factor: number): Camera {
  const zoom = clampZoom(camera.zoom * factor);
  const { x, y } = toWorld(camera, pixel);
  return { zoom, x: pixel.x - x * zoom, y: pixel.y - y * zoom };
}

export function panBy(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x + dx, y: camera.y + dy };
}

/** Shows all points, never larger than life. */
export function fitTo(points: Iterable<Point>, size: Size, marginPixels = 70): Camera {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (left > right) return { zoom: 1, x: size.width / 2, y: size.height / 2 };
  const margin = Math.min(marginPixels, size.width / 6, size.height / 6);
  const zoom = clampZoom(
    Math.min(
      1.15,
      (size.width - 2 * margin) / Math.max(1, right - left),
      (size.height - 2 * margin) / Math.max(1, bottom - top),
    ),
  );
  return {
    zoom,
    x: size.width / 2 - ((left + right) / 2) * zoom,
    y: size.height / 2 - ((top + bottom) / 2) * zoom,
  };
}

/** Moves only as far as the point is from being seen. */
export function bringIntoView(camera: Camera, point: Point, size: Size, marginPixels = 60): Camera {
  const { x, y } = toScreen(camera, point);
  const shift = (at: number, length: number): number =>
    at < marginPixels ? marginPixels - at : at > length - marginPixels ? length - marginPixels - at : 0;
  return panBy(camera, shift(x, size.width), shift(y, size.height));
}

/** Between two cameras, `t` from 0 to 1. */
export function between(from: Camera, to: Camera, t: number): Camera {
  const ease = 1 - (1 - t) ** 3;
  const mix = (a: number, b: number): number => a + (b - a) * ease;
  return { zoom: mix(from.zoom, to.zoom), x: mix(from.x, to.x), y: mix(from.y, to.y) };
}
