/** About the chosen node of the graph: its signals, and its neighbours as a list one can walk along. */

import { formatMillis, formatRate, formatShare } from '../format/numbers.ts';
import type { Scene, SceneEdge, SceneNode } from '../graph/scene.ts';
import { nodeObject } from '../state/node-object.ts';
import { Icon } from './icon.tsx';
import { ObjectLink } from './link.tsx';
import { Success } from './traffic.tsx';

export interface GraphDetailsProps {
  readonly scene: Scene;
  readonly node: SceneNode;
  readonly isFocused: boolean;
  readonly onFocus: () => void;
  readonly onChoose: (id: string) => void;
  readonly onClose: () => void;
}

export function GraphDetails({ scene, node, isFocused, onFocus, onChoose, onClose }: GraphDetailsProps) {
  const nodes = new Map(scene.nodes.map((one) => [one.id, one]));
  const object = nodeObject(node);
  const byRate = (a: SceneEdge, b: SceneEdge): number => b.requestsPerSecond - a.requestsPerSecond;
  const incoming = scene.edges.filter(({ target }) => target === node.id).sort(byRate);
  const outgoing = scene.edges.filter(({ source }) => source === node.id).sort(byRate);
  return (
    <section class="graph-details" aria-label="Chosen node">
      <header>
        <div>
          <h2>{node.label}</h2>
          <p class="muted">
            {node.kind} in {node.group}
          </p>
        </div>
        <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <p class="graph-signals">
        {formatRate(node.requestsPerSecond)}/s · {formatShare(node.successRate)} · p99{' '}
        {formatMillis(node.p99Ms)}
      </p>
      <p class="graph-actions">
        <button type="button" class="button" aria-pressed={isFocused} onClick={onFocus}>
          {isFocused ? 'Show all' : 'Only its neighbours'}
        </button>{' '}
        {object === undefined ? undefined : <ObjectLink object={object} />}
      </p>
      <EdgeList title="From" edges={incoming} endOf={({ source }) => nodes.get(source)} onChoose={onChoose} />
      <EdgeList title="To" edges={outgoing} endOf={({ target }) => nodes.get(target)} onChoose={onChoose} />
    </section>
  );
}

interface EdgeListProps {
  readonly title: string;
  readonly edges: readonly SceneEdge[];
  readonly endOf: (edge: SceneEdge) => SceneNode | undefined;
  readonly onChoose: (id: string) => void;
}

function EdgeList({ title, edges, endOf, onChoose }: EdgeListProps) {
  if (edges.length === 0) return undefined;
  return (
    <>
      <h3>
        {title} <span class="muted">{edges.length}</span>
      </h3>
      <ul class="edge-list">
        {edges.map((edge) => {
          const end = endOf(edge);
          return (
            <li key={edge.key}>
              <button type="button" onClick={() => end !== undefined && onChoose(end.id)}>
                <span
                  class={edge.mtls === true ? 'muted' : 'health-degraded'}
                  title={edge.mtls === true ? 'mutual TLS' : 'not all by mutual TLS'}
                >
                  <Icon name={edge.mtls === true ? 'lock' : 'unlock'} />
                  <span class="visually-hidden">
                    {edge.mtls === true ? 'mutual TLS' : 'not all by mutual TLS'}
                  </span>
                </span>
                <span class="edge-name">{end?.label ?? ''}</span>
                <span class="numeric">{formatRate(edge.requestsPerSecond)}/s</span>
                <Success rate={edge.successRate} />
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}
