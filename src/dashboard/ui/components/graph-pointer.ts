/** Pointer, wheel and two fingers in the graph. */

import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { GraphEngine } from '../graph/engine.ts';
import type { Point } from '../graph/layout.ts';

export interface PointerActions {
  onHover(id: string | undefined): void;
  onChoose(id: string | undefined): void;
  onFocus(id: string): void;
}

/** A hand that meant to click moves this far at most. */
const clickPixels = 4;

export function useGraphPointer(
  box: RefObject<HTMLDivElement | null>,
  engine: GraphEngine | undefined,
  actions: PointerActions,
): void {
  const current = useRef(actions);
  current.current = actions;
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || engine === undefined) return;
    const ends = new AbortController();
    const { signal } = ends;
    const down = new Map<number, Point>();
    let travelled = 0;
    const pixelOf = (event: MouseEvent): Point => {
      const { left, top } = element.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    element.addEventListener(
      'pointerdown',
      (event) => {
        down.set(event.pointerId, pixelOf(event));
        travelled = 0;
        element.setPointerCapture(event.pointerId);
      },
      { signal },
    );
    element.addEventListener(
      'pointermove',
      (event) => {
        const now = pixelOf(event);
        const before = down.get(event.pointerId);
        if (before === undefined) {
          const over = engine.nodeAt(now)?.id;
          element.classList.toggle('over-node', over !== undefined);
          return current.current.onHover(over);
        }
        down.set(event.pointerId, now);
        travelled += Math.hypot(now.x - before.x, now.y - before.y);
        const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
        if (other === undefined) return engine.pan(now.x - before.x, now.y - before.y);
        const factor =
          Math.hypot(now.x - other.x, now.y - other.y) /
          Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
        engine.zoom(factor, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
      },
      { signal },
    );
    for (const name of ['pointerup', 'pointercancel'] as const) {
      element.addEventListener(
        name,
        (event) => {
          const wasDown = down.delete(event.pointerId);
          if (wasDown && name === 'pointerup' && travelled < clickPixels)
            current.current.onChoose(engine.nodeAt(pixelOf(event))?.id);
        },
        { signal },
      );
    }
    element.addEventListener('pointerleave', () => current.current.onHover(undefined), { signal });
    element.addEventListener(
      'dblclick',
      (event) => {
        const node = engine.nodeAt(pixelOf(event));
        if (node !== undefined) current.current.onFocus(node.id);
      },
      { signal },
    );
    element.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        engine.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), pixelOf(event));
      },
      { signal, passive: false },
    );
    return () => ends.abort();
  }, [box, engine]);
}
