/** What the reader chose on the graph page; all of it is in the address. */

import type { SceneChoices } from '../graph/scene.ts';
import type { Place } from './location.ts';

export interface GraphChoices extends SceneChoices {
  readonly nodes: 'workload' | 'service' | 'namespace';
  /** As the API takes it. */
  readonly level: 'workload' | 'service';
  readonly view: 'picture' | 'table';
  /** Id of the node whose neighbourhood is looked at. */
  readonly focus: string | undefined;
}

export function graphChoices({ query }: Place): GraphChoices {
  const nodes = query['nodes'] === 'service' || query['nodes'] === 'namespace' ? query['nodes'] : 'workload';
  const minRate = Number(query['min'] ?? 0);
  const show = query['show'] === 'failing' || query['show'] === 'plaintext' ? query['show'] : 'all';
  return {
    nodes,
    level: nodes === 'service' ? 'service' : 'workload',
    groupBy: nodes === 'namespace' ? 'namespace' : 'workload',
    view: query['view'] === 'table' ? 'table' : 'picture',
    search: query['q'] ?? '',
    show,
    minRate: Number.isFinite(minRate) && minRate > 0 ? minRate : 0,
    focus: query['focus'],
  };
}
