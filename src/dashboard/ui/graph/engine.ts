/**
 * The graph in the browser: owns two canvases (the picture, redrawn when something changed, and above it the dots that
 * move), the camera and what the reader emphasizes. Draws at most once per frame of the screen, and nothing when nothing
 * moves.
 */

import {
  between,
  bringIntoView,
  type Camera,
  fitTo,
  panBy,
  type Size,
  transformBetween,
  zoomAt,
} from './camera.ts';
import { drawFrame } from './draw.ts';
import { drawFlow, flowing } from './flow.ts';
import { type Places, placeNodes, type Point } from './layout.ts';
import type { Palette } from './palette.ts';
import { type Emphasis, nodeAt, type PlacedEdge, type PlacedScene, placeScene } from './picture.ts';
import type { Scene, SceneNode } from './scene.ts';

const flightMs = 320;
/** With more edges than this a picture that moves is moved as it is, and drawn anew when it rests. */
const mostRedrawn = 400;
const restMs = 140;
/** Beyond this a picture that is only scaled is too coarse to look at, in either direction. */
const mostScaled = 2.2;

export class GraphEngine {
  readonly #picture: CanvasRenderingContext2D;
  readonly #flow: CanvasRenderingContext2D;
  #palette: Palette;
  #size: Size = { width: 1, height: 1 };
  #ratio = 1;
  #camera: Camera = { zoom: 1, x: 0, y: 0 };
  #flight: { from: Camera; to: Camera; startMs: number } | undefined;
  /** Of every node ever seen: one that comes back finds its place. */
  readonly #known = new Map<string, Point>();
  #placed: PlacedScene = placeScene({ nodes: [], edges: [] }, new Map());
  #emphasis: Emphasis = {};
  #flowing: readonly PlacedEdge[] = [];
  #isDirty = true;
  /** With which the picture was drawn; another camera only moves it. */
  #drawn: Camera = this.#camera;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #isMoving = true;
  #isFitted = false;
  #frame = 0;

  constructor(picture: HTMLCanvasElement, flow: HTMLCanvasElement, palette: Palette) {
    this.#picture = contextOf(picture, false);
    this.#flow = contextOf(flow, true);
    this.#palette = palette;
  }

  get places(): Places {
    return new Map(this.#placed.nodes.map(({ node, place }) => [node.id, place]));
  }

  setScene(scene: Scene): void {
    const places = placeNodes(scene, this.#known);
    for (const [id, place] of places) this.#known.set(id, place);
    this.#placed = placeScene(scene, places);
    if (!this.#isFitted && scene.nodes.length > 0 && this.#size.width > 1) {
      this.#camera = fitTo(places.values(), this.#size);
      this.#isFitted = true;
    }
    this.#change();
  }

  setEmphasis(emphasis: Emphasis): void {
    this.#emphasis = emphasis;
    this.#change();
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#change();
  }

  /** Whether anything may move by itself: not for readers who asked for less motion. */
  setMotion(isMoving: boolean): void {
    this.#isMoving = isMoving;
    this.#change();
  }

  resize(size: Size, ratio: number): void {
    this.#size = size;
    this.#ratio = ratio;
    for (const { canvas } of [this.#picture, this.#flow]) {
      canvas.width = Math.max(1, Math.round(size.width * ratio));
      canvas.height = Math.max(1, Math.round(size.height * ratio));
    }
    if (!this.#isFitted && this.#placed.nodes.length > 0) this.fit();
    this.#change();
  }

  /** All nodes, or only these. @param coveredPixels at the right, by what lies on top of the picture */
  fit(ids?: ReadonlySet<string>, coveredPixels = 0): void {
    const points = this.#placed.nodes
      .filter(({ node }) => ids === undefined || ids.has(node.id))
      .map(({ place }) => place);
    const width = Math.max(this.#size.width / 2, this.#size.width - coveredPixels);
    this.#flyTo(fitTo(points, { ...this.#size, width }));
    if (points.length > 0) this.#isFitted = true;
  }

  show(id: string): void {
    const found = this.#placed.nodes.find(({ node }) => node.id === id);
    if (found !== undefined) this.#flyTo(bringIntoView(this.#camera, found.place, this.#size));
  }

  zoom(factor: number, at: Point = { x: this.#size.width / 2, y: this.#size.height / 2 }): void {
    this.#flight = undefined;
    this.#camera = zoomAt(this.#camera, at, factor);
    this.#move();
  }

  pan(dx: number, dy: number): void {
    this.#flight = undefined;
    this.#camera = panBy(this.#camera, dx, dy);
    this.#move();
  }

  nodeAt(pixel: Point): SceneNode | undefined {
    return nodeAt(this.#placed, this.#camera, pixel);
  }

  end(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = -1;
    clearTimeout(this.#rest);
  }

  #flyTo(camera: Camera): void {
    if (this.#isMoving && this.#isFitted)
      this.#flight = { from: this.#camera, to: camera, startMs: performance.now() };
    else this.#camera = camera;
    this.#change();
  }

  /** The camera alone has changed. */
  #move(): void {
    const scale = this.#camera.zoom / this.#drawn.zoom;
    const isCoarse = scale > mostScaled || scale < 1 / mostScaled;
    if (this.#isDirty || isCoarse || this.#placed.edges.length <= mostRedrawn) return this.#change();
    const transform = transformBetween(this.#drawn, this.#camera);
    for (const { canvas } of [this.#picture, this.#flow]) canvas.style.transform = transform;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#change(), restMs);
  }

  #change(): void {
    this.#isDirty = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame((atMs) => this.#draw(atMs));
  }

  #draw(atMs: number): void {
    if (this.#frame < 0) return;
    this.#frame = 0;
    this.#fly(atMs);
    if (this.#isDirty) this.#drawPicture();
    if (this.#flowing.length > 0) this.#drawFlow(atMs);
    const goesOn = this.#flight !== undefined || this.#flowing.length > 0;
    if (goesOn) this.#schedule();
  }

  #fly(atMs: number): void {
    if (this.#flight === undefined) return;
    const { from, to, startMs } = this.#flight;
    const t = Math.min(1, Math.max(0, (atMs - startMs) / flightMs));
    this.#camera = between(from, to, t);
    if (t === 1) this.#flight = undefined;
    this.#move();
  }

  #drawPicture(): void {
    this.#isDirty = false;
    clearTimeout(this.#rest);
    this.#drawn = this.#camera;
    for (const { canvas } of [this.#picture, this.#flow]) canvas.style.transform = '';
    const { width, height } = this.#size;
    drawFrame(this.#picture, {
      placed: this.#placed,
      camera: this.#camera,
      size: this.#size,
      ratio: this.#ratio,
      palette: this.#palette,
      emphasis: this.#emphasis,
    });
    this.#flowing = this.#isMoving ? flowing(this.#placed, this.#emphasis, this.#camera, this.#size) : [];
    if (this.#flowing.length > 0) return;
    this.#flow.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    this.#flow.clearRect(0, 0, width, height);
  }

  #drawFlow(atMs: number): void {
    drawFlow(this.#flow, {
      edges: this.#flowing,
      camera: this.#drawn,
      size: this.#size,
      ratio: this.#ratio,
      palette: this.#palette,
      atMs,
    });
  }
}

function contextOf(canvas: HTMLCanvasElement, alpha: boolean): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { alpha });
  if (context === null) throw new Error('this browser cannot draw');
  return context;
}
