/** The group observe.weft.dev: its resources, and what answers each. To add one: an entry here, a line in base/observe.ts. */

import { observeGroup, observeVersion } from '../base/observe.ts';
import type { TrafficAnswer, TrafficQuery } from '../telemetry/model.ts';
import { graphQuery, serviceGraph } from '../telemetry/service-graph.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Peers } from './peers.ts';
import type { Answer, ApiGroup, ApiResource, Question } from './resources.ts';
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
import { listProxies, type ProxyInputs } from './views/proxies.ts';
import { connectedProxies, type ReplicaReport } from './views/replica.ts';

export interface ObserveOptions {
  readonly peers: Peers;
  readonly mesh: ProxyInputs;
  /** What proxies of this replica counted, and how what several replicas know adds up. */
  readonly traffic: Pick<Telemetry, 'part' | 'merge'>;
  readonly taps: TapSource;
  /** What this replica tells of itself. */
  readonly report: () => ReplicaReport;
}

export function observeResourcesOf(options: ObserveOptions): ApiGroup {
  const { peers, mesh, report } = options;
  const reports = () => peers.collect('replica', report);
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
      list('proxies', 'ProxyView', async ({ query, scoped }) => {
        onlyParameters(query, []);
        const { answers, gaps } = await reports();
        const connected = connectedProxies(answers);
        return scoped((scope) => ({ gaps, items: listProxies(mesh, connected, scope) }));
      }),
      tapsResource(options.taps),
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

/** A resource that is read as a whole, for a namespace or for all. */
function list(name: string, kind: string, answer: (question: Question) => Promise<unknown>): ApiResource {
  return {
    name,
    kind,
    verbs: ['list'],
    scope: 'both',
    partly: true,
    answer: async (question): Promise<Answer> => ({ kind: 'json', body: await answer(question) }),
  };
}
