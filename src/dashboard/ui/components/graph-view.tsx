/** The picture of the graph: pointer and keyboard on a canvas, and what is told about the chosen node. */

import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { GraphEngine } from '../graph/engine.ts';
import { readPalette } from '../graph/palette.ts';
import { neighbourhood, type Scene } from '../graph/scene.ts';
import { changeQuery } from '../state/browser.ts';
import { useReducedMotion, useThemeInForce } from '../state/theme.ts';
import { useCanvasSize } from '../state/use-canvas-size.ts';
import { graphKey } from './graph-keys.ts';
import { GraphDetails } from './graph-details.tsx';
import { GraphLegend } from './graph-legend.tsx';
import { GraphZoom } from './graph-zoom.tsx';
import { useGraphPointer } from './graph-pointer.ts';
import { isTyping } from './is-typing.ts';

export interface GraphViewProps {
  readonly scene: Scene;
  readonly focus: string | undefined;
}

export function GraphView({ scene, focus }: GraphViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLCanvasElement>(null);
  const flow = useRef<HTMLCanvasElement>(null);
  const [engine, setEngine] = useState<GraphEngine>();
  const [selected, setSelected] = useState<string | undefined>(focus);
  const [hovered, setHovered] = useState<string>();
  const themeInForce = useThemeInForce();
  const isReduced = useReducedMotion();

  useLayoutEffect(() => {
    if (picture.current === null || flow.current === null) return;
    const made = new GraphEngine(picture.current, flow.current, readPalette(picture.current));
    setEngine(made);
    return () => made.end();
  }, []);
  useCanvasSize(box, engine);
  useLayoutEffect(() => engine?.setScene(scene), [engine, scene]);
  useLayoutEffect(() => engine?.setMotion(!isReduced), [engine, isReduced]);
  useLayoutEffect(() => {
    if (picture.current !== null) engine?.setPalette(readPalette(picture.current));
  }, [engine, themeInForce]);
  const near = useMemo(
    () =>
      focus === undefined || !scene.nodes.some(({ id }) => id === focus)
        ? undefined
        : neighbourhood(scene, focus),
    [scene, focus],
  );
  useLayoutEffect(() => {
    engine?.setEmphasis({
      ...(selected === undefined ? {} : { selected }),
      ...(hovered === undefined ? {} : { hovered }),
      ...(near === undefined ? {} : { focus: near }),
    });
  }, [engine, selected, hovered, near]);
  useLayoutEffect(() => {
    if (engine === undefined) return;
    setSelected(focus);
    if (near !== undefined) engine.fit(near, detailsPixels());
  }, [engine, focus]);
  useSearchKey();

  const choose = (id: string | undefined): void => {
    setSelected(id);
    if (id !== undefined) engine?.show(id);
  };
  const focusOn = (id: string | undefined): void => {
    changeQuery({ focus: id });
    if (id === undefined) {
      setSelected(undefined);
      engine?.fit();
    }
  };
  useGraphPointer(box, engine, { onHover: setHovered, onChoose: setSelected, onFocus: focusOn });
  const node = scene.nodes.find(({ id }) => id === selected);
  return (
    <div class="graph">
      <div
        class="graph-canvas"
        ref={box}
        tabIndex={0}
        role="application"
        aria-label="Service graph"
        aria-describedby="graph-help"
        onKeyDown={(event) => {
          if (engine !== undefined && graphKey(event, engine, selected, { choose, focusOn }))
            event.preventDefault();
        }}
      >
        <canvas ref={picture} />
        <canvas ref={flow} />
      </div>
      <p id="graph-help" class="visually-hidden">
        Arrow keys go from node to node, Enter looks at a node with its neighbours, Escape goes back. Plus and
        minus zoom, 0 shows everything, Shift with an arrow moves the picture. The table has the same numbers.
      </p>
      <p class="visually-hidden" role="status">
        {node === undefined ? '' : `${node.label}, ${node.kind} in ${node.group}`}
      </p>
      <GraphZoom engine={engine} />
      <GraphLegend />
      {node === undefined ? undefined : (
        <GraphDetails
          scene={scene}
          node={node}
          isFocused={focus === node.id}
          onFocus={() => focusOn(focus === node.id ? undefined : node.id)}
          onChoose={choose}
          onClose={() => focusOn(undefined)}
        />
      )}
    </div>
  );
}

/** How much of the picture the details cover; on narrow windows they lie at the bottom. */
function detailsPixels(): number {
  return window.innerWidth > 860 ? 344 : 0;
}

function useSearchKey(): void {
  useLayoutEffect(() => {
    const listener = (event: KeyboardEvent): void => {
      if (event.key !== '/' || isTyping(event.target)) return;
      event.preventDefault();
      document.getElementById('graph-search')?.focus();
    };
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);
}
