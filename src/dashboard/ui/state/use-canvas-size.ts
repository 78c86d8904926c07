/** Keeps the canvases of the graph as large as their box. */

import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import type { GraphEngine } from '../graph/engine.ts';

/** Finer than this costs four times the pixels and shows nothing new. */
const finestRatio = 2;

export function useCanvasSize(box: RefObject<HTMLDivElement | null>, engine: GraphEngine | undefined): void {
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || engine === undefined) return;
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width > 0 && height > 0)
        engine.resize({ width, height }, Math.min(finestRatio, window.devicePixelRatio));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, engine]);
}
