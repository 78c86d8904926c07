/** The group observe.weft.dev: its resources, and what answers each. To add one: an entry here, a line in base/observe.ts. */

import { observeGroup, observeVersion } from '../base/observe.ts';
import type { WorkedMesh } from '../mesh/workings.ts';
import { graphQuery, serviceGraph } from '../telemetry/service-graph.ts';
import type { Peers } from './peers.ts';
import { type ProxyResourcesOptions, proxyResources } from './proxy-resources.ts';
import { type ApiGroup, list } from './resources.ts';
import { choice, onlyParameters } from './parameters.ts';
import { tapsResource, type TapSource } from './taps.ts';
import { askTraffic, type TrafficSource } from './traffic-answer.ts';
import { filterParameters, parseFilter, parseStat, windowOf } from './traffic-question.ts';
import { type PageFiles, uiResources } from './ui-resources.ts';
import { type ViewOptions, viewResources } from './view-resources.ts';

export interface ObserveOptions extends ViewOptions, ProxyResourcesOptions, TrafficSource {
  readonly peers: Peers;
  readonly mesh: WorkedMesh;
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
