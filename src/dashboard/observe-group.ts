/** The group observe.weft.dev: its resources, and what answers each. To add one: an entry here, a line in base/observe.ts. */

import { observeGroup, observeVersion } from '../base/observe.ts';
import type { TrafficAnswer, TrafficPart, TrafficQuery } from '../telemetry/model.ts';
import type { Peers } from './peers.ts';
import type { Answer, ApiGroup, ApiResource, Question } from './resources.ts';
import { onlyParameters } from './parameters.ts';
import { checkFilter, parseStat, visiblePart, withWitnesses } from './traffic-question.ts';
import { listProxies, type ProxyInputs } from './views/proxies.ts';
import { connectedProxies, type ReplicaReport } from './views/replica.ts';

/** The store of this replica, and how what several replicas know adds up. */
export interface Traffic {
  part(query: TrafficQuery): TrafficPart;
  merge(query: TrafficQuery, parts: readonly TrafficPart[]): TrafficAnswer;
}

export interface ObserveOptions {
  readonly peers: Peers;
  readonly mesh: ProxyInputs;
  readonly traffic: Traffic;
  /** What this replica tells of itself. */
  readonly report: () => ReplicaReport;
}

export function observeResourcesOf(options: ObserveOptions): ApiGroup {
  const { peers, mesh, traffic, report } = options;
  const reports = () => peers.collect('replica', report);
  return {
    group: observeGroup,
    version: observeVersion,
    resources: [
      list('stat', 'TrafficAnswer', async (question) => {
        const query = parseStat(question.query, question.path.namespace);
        const { parts, gaps } = await collectTraffic(options, query, question);
        return question.scoped((scope) => {
          checkFilter(query.filter, scope);
          const answer = traffic.merge(
            query,
            parts.map((part) => visiblePart(part, query, scope)),
          );
          return { ...answer, gaps: [...gaps, ...answer.gaps] };
        });
      }),
      list('proxies', 'ProxyView', async ({ query, scoped }) => {
        onlyParameters(query, []);
        const { answers, gaps } = await reports();
        const connected = connectedProxies(answers);
        return scoped((scope) => ({ gaps, items: listProxies(mesh, connected, scope) }));
      }),
    ],
  };
}

/** The shares of all replicas; ready for `visiblePart`. */
async function collectTraffic({ peers, traffic }: ObserveOptions, query: TrafficQuery, question: Question) {
  const asked = withWitnesses(query, question.everywhere);
  const { answers, gaps } = await peers.collect('stat', () => traffic.part(asked), {
    query: new URLSearchParams({ query: JSON.stringify(asked) }),
    signal: question.signal,
  });
  return { parts: answers.map(({ answer }) => answer), gaps };
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
