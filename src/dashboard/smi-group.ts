/**
 * The group metrics.smi-spec.io: traffic in the words of the Service Mesh Interface. Its paths are read as RBAC reads them:
 * `/namespaces/shop/edges` are the edges of a namespace, and a resource of their own there.
 */

import type { TrafficQuery } from '../telemetry/model.ts';
import {
  smiDiscovery,
  smiEdgeQueries,
  smiEdges,
  smiGet,
  smiGroup,
  smiKinds,
  smiList,
  smiListQuery,
  type SmiResource,
  type SmiTarget,
  smiVersion,
} from '../telemetry/smi.ts';
import { onlyParameters } from './parameters.ts';
import type { ApiGroup, ApiResource, Question } from './resources.ts';
import { askTraffic, type TrafficSource } from './traffic-answer.ts';

/** kubectl sends it with every list; there is nothing to continue. */
const parameters = ['limit'];

export function smiGroupOf(source: TrafficSource): ApiGroup {
  const resources = (Object.keys(smiKinds) as SmiResource[]).flatMap((resource) =>
    resourcesOf(source, resource),
  );
  const edgesOfNamespace: ApiResource = {
    name: 'edges',
    kind: 'TrafficMetrics',
    verbs: ['list'],
    scope: 'namespace',
    partly: false,
    answer: (question) => {
      const { namespace } = question.path;
      return answerEdges(source, question, { resource: 'namespaces', namespace: '', name: namespace });
    },
  };
  return {
    group: smiGroup,
    version: smiVersion,
    resources: [...resources, edgesOfNamespace],
    discovery: smiDiscovery(),
  };
}

function resourcesOf(source: TrafficSource, resource: SmiResource): readonly ApiResource[] {
  const common = { kind: 'TrafficMetrics', partly: false } as const;
  const targetOf = ({ path }: Question): SmiTarget => ({
    resource,
    namespace: resource === 'namespaces' ? '' : path.namespace,
    name: path.name,
  });
  return [
    {
      ...common,
      name: resource,
      verbs: ['list'],
      scope: 'both',
      partly: true,
      answer: (question) => answerList(source, question, targetOf(question)),
    },
    {
      ...common,
      name: resource,
      verbs: ['get'],
      scope: 'namespace',
      answer: (question) => answerOne(source, question, targetOf(question)),
    },
    {
      ...common,
      name: `${resource}/edges`,
      verbs: ['get'],
      scope: 'namespace',
      answer: (question) => answerEdges(source, question, targetOf(question)),
    },
  ];
}

async function answerList(source: TrafficSource, question: Question, target: SmiTarget) {
  const answer = await ask(source, question, smiListQuery(target));
  // Traffic from a namespace that may be read names the one it goes to, which perhaps may not.
  const body = await question.scoped((scope) =>
    smiList(target, answer, (key) => scope.mayRead(key.split('/')[0] ?? '')),
  );
  return { kind: 'json', body } as const;
}

async function answerOne(source: TrafficSource, question: Question, target: SmiTarget) {
  return { kind: 'json', body: smiGet(target, await ask(source, question, smiListQuery(target))) } as const;
}

async function answerEdges(source: TrafficSource, question: Question, target: SmiTarget) {
  const answers = await Promise.all(smiEdgeQueries(target).map((query) => ask(source, question, query)));
  return { kind: 'json', body: smiEdges(target, answers) } as const;
}

function ask(source: TrafficSource, question: Question, query: TrafficQuery): ReturnType<typeof askTraffic> {
  onlyParameters(question.query, parameters);
  return askTraffic(source, query, question);
}
