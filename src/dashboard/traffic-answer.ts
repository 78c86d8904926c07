/** Questions about traffic: asked of all replicas, added up, and cut to what whoever asks may see. */

import type { TrafficAnswer, TrafficQuery } from '../telemetry/model.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Peers } from './peers.ts';
import type { Question } from './resources.ts';
import { checkFilter, visiblePart, withWitnesses } from './traffic-question.ts';

export interface TrafficSource {
  readonly peers: Pick<Peers, 'collect'>;
  /** What proxies of this replica counted, and how what several replicas know adds up. */
  readonly traffic: Pick<Telemetry, 'part' | 'merge'>;
}

/** What all replicas together know, as far as whoever asks may see it. */
export async function askTraffic(
  { peers, traffic }: TrafficSource,
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
