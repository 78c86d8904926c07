/** The live service graph: a picture for the eye, a table with the same numbers for everybody. */

import { useMemo } from 'preact/hooks';
import type { ServiceGraph } from '../../../telemetry/model.ts';
import { GraphTable } from '../components/graph-table.tsx';
import { GraphTools } from '../components/graph-tools.tsx';
import { GraphView } from '../components/graph-view.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { formatCount } from '../format/numbers.ts';
import { sceneOf } from '../graph/scene.ts';
import { place } from '../state/browser.ts';
import { namespaceOf, windowOf } from '../state/choices.ts';
import { type GraphChoices, graphChoices } from '../state/graph-choices.ts';
import { useData } from '../state/use-data.ts';
import { useStore } from '../state/use-store.ts';

/** A graph moves: it is asked for more often than the lists. */
const graphRefreshMs = 2000;

export function GraphPage() {
  const here = useStore(place);
  const choices = graphChoices(here);
  const data = useData<ServiceGraph>(
    'graph',
    {
      namespace: namespaceOf(here),
      parameters: { window: `${windowOf(here).seconds}s`, level: choices.level },
    },
    graphRefreshMs,
  );
  return (
    <Page title="Graph" class="page-wide" actions={<GraphTools choices={choices} />}>
      <Loaded data={data}>{(answer) => <GraphBody answer={answer} choices={choices} />}</Loaded>
    </Page>
  );
}

function GraphBody({ answer, choices }: { readonly answer: ServiceGraph; readonly choices: GraphChoices }) {
  // Worked out, and drawn, only for new data or other choices.
  const scene = useMemo(() => sceneOf(answer, choices), [answer, JSON.stringify(choices)]);
  const isPart = scene.nodes.length < answer.nodes.length && choices.groupBy === 'workload';
  return (
    <>
      <p class="muted graph-count" role="status">
        {formatCount(scene.nodes.length)} nodes, {formatCount(scene.edges.length)} edges
        {isPart ? ` of ${formatCount(answer.nodes.length)} and ${formatCount(answer.edges.length)}` : ''}
      </p>
      {answer.nodes.length === 0 ? (
        <p class="empty">No traffic was seen in this window.</p>
      ) : choices.view === 'table' ? (
        <GraphTable scene={scene} />
      ) : (
        <GraphView scene={scene} focus={choices.focus} />
      )}
    </>
  );
}
