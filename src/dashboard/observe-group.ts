/** The group observe.weft.dev: its resources, and what answers each. To add one: an entry here, a line in base/observe.ts. */

import { observeGroup, observeVersion } from '../base/observe.ts';
import type { WorkedMesh } from '../mesh/workings.ts';
import type { TrafficAnswer, TrafficQuery } from '../telemetry/model.ts';
import { graphQuery, serviceGraph } from '../telemetry/service-graph.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Peers } from './peers.ts';
import { type ProxyResourcesOptions, proxyResources } from './proxy-resources.ts';
import { type ApiGroup, list, type Question } from './resources.ts';
import { choice, onlyParameters } from './parameters.ts';
import { tapsResource, type TapSource } from './taps.ts';
import {
  checkFilter,
  filterParameters,
  parseFilter,
  parseStat,
  visiblePart,
  windowOf,
  withWitnesses,
} from './traffic-question.ts';
import { type PageFiles, uiResources } from './ui-resources.ts';
import { type ViewOptions, viewResources } from './view-resources.ts';

export interface ObserveOptions extends ViewOptions, ProxyResourcesOptions {
  readonly peers: Peers;
  readonly mesh: WorkedMesh;
  /** What proxies of this replica counted, and how what several replicas know adds up. */
  readonly traffic: Pick<Telemetry, 'part' | 'merge'>;
  readonly taps: TapSource;
  readonly files: PageFiles;
}

export function observeResourcesOf(options: ObserveOptions): ApiGroup {
  return {
    group: observeGroup,
    version: observeVersion,
    resources: [
      list('stat', 'TrafficAnswer', (question) =>
        askTraffic(options, parseStat(question.query, question.path.namespace), question),
      ),
      list('graph', 'ServiceGraph', async (question) => {
        const { query, path } = question;
        onlyParameters(query, ['level', ...filterParameters]);
        const level = choice(query, 'level', ['workload', 'service']) ?? 'workload';
        const asked = graphQuery(windowOf(query), parseFilter(query, path.namespace));
        return serviceGraph(await askTraffic(options, asked, question), level);
      }),
      ...viewResources(options),
      ...proxyResources(options),
      tapsResource(options.taps),
      ...uiResources(options.files),
    ],
  };
}

/** What all replicas together know, as far as whoever asks may see it. */
async function askTraffic(
  { peers, traffic }: ObserveOptions,
  query: TrafficQuery,
  question: Question,
): Promise<TrafficAnswer> {
  const asked = withWitnesses(query, question.everywhere);
  const { answers, gaps } = await peers.collect('stat', () => traffic.part(asked), {
    query: new URLSearchParams({ query: JSON.stringify(asked) }),
    signal: question.signal,
  });
  return question.scoped((scope) => {
    checkFilter(query.filter, scope);
    const parts = answers.map(({ answer }) => visiblePart(answer, query, scope));
    const merged = traffic.merge(query, parts);
    return { ...merged, gaps: [...gaps, ...merged.gaps] };
  });
}
