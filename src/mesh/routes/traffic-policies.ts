/**
 * XBackendTrafficPolicies (GEP-3388, GEP-1619): retry budgets and session persistence of Services, and what the
 * policies' status says. Of several policies for one Service the oldest holds, then the first by name.
 */

import type { Collection, GraphApi, Read } from '../../graph/types.ts';
import { byAge } from '../age.ts';
import type { Condition } from '../gateway-model.ts';
import type { PolicyTargetRef } from '../kubernetes.ts';
import type { BackendTrafficVerdict, RetryBudget, RouteBackend, SessionPersistence } from '../model.ts';
import type { BackendTrafficPolicySource, MeshSources } from '../sources.ts';
import { readDurationMs } from './duration.ts';
import { RouteProblem } from './problem.ts';
import { readSession } from './session.ts';
import { checkWhole } from './values.ts';

/** What holds for a Service; keyed `namespace/name`. */
export interface TrafficSettings {
  /** `namespace/name`. */
  readonly policy: string;
  readonly retryBudget?: RetryBudget;
  readonly session?: SessionPersistence;
}

type Settings = Pick<TrafficSettings, 'retryBudget' | 'session'>;

interface ReadPolicy
  extends Pick<BackendTrafficPolicySource, 'namespace' | 'name' | 'createdAt' | 'generation'> {
  readonly targets: readonly PolicyTargetRef[];
  readonly settings: Settings | { readonly invalid: string };
}

export interface TrafficPolicies {
  readonly settings: Collection<TrafficSettings>;
  readonly verdicts: Collection<BackendTrafficVerdict>;
}

export function deriveTrafficPolicies(graph: GraphApi, sources: MeshSources): TrafficPolicies {
  const policies = graph.derive('backendTrafficPolicies', sources.backendTrafficPolicies, (_, policy) =>
    readPolicy(policy),
  );
  const byService = graph.index('trafficPoliciesByService', policies, ({ namespace, targets, settings }) =>
    'invalid' in settings ? [] : targets.filter(isService).map(({ name }) => `${namespace}/${name}`),
  );
  const settings = graph.derive('trafficSettings', byService, (_, entries): TrafficSettings | undefined => {
    const [first] = entries.map(({ value }) => value).sort(byAge);
    if (first === undefined || 'invalid' in first.settings) return undefined;
    return { policy: `${first.namespace}/${first.name}`, ...first.settings };
  });
  const verdicts = graph.derive('backendTrafficVerdicts', policies, (key, policy, read) => ({
    generation: policy.generation,
    ancestors: policy.targets.map((target) => ({
      ref: { ...target, namespace: policy.namespace },
      conditions: [judge(target, key, policy, read)],
    })),
  }));

  function judge(ref: PolicyTargetRef, key: string, policy: ReadPolicy, read: Read): Condition {
    const service = `${policy.namespace}/${ref.name}`;
    if (!isService(ref)) return refused('Invalid', `a ${ref.kind} cannot have such a policy`);
    if ('invalid' in policy.settings) return refused('Invalid', policy.settings.invalid);
    if (read(sources.services, service) === undefined) {
      return refused('TargetNotFound', `there is no Service ${service}`);
    }
    const holds = read(settings, service)?.policy;
    if (holds === key) {
      return { type: 'Accepted', status: true, reason: 'Accepted', message: 'the policy holds' };
    }
    return refused('Conflicted', `${holds} is older and holds for Service ${service}`);
  }

  return { settings, verdicts };
}

function refused(reason: string, message: string): Condition {
  return { type: 'Accepted', status: false, reason, message };
}

function isService({ group, kind }: PolicyTargetRef): boolean {
  return group === '' && kind === 'Service';
}

function readPolicy({ spec, ...policy }: BackendTrafficPolicySource): ReadPolicy {
  const { namespace, name, createdAt, generation } = policy;
  const known = { namespace, name, createdAt, generation, targets: spec.targetRefs ?? [] };
  try {
    return { ...known, settings: readSettings(policy, spec) };
  } catch (error) {
    if (!(error instanceof RouteProblem)) throw error;
    return { ...known, settings: { invalid: error.message } };
  }
}

function readSettings(
  { namespace, name }: Pick<BackendTrafficPolicySource, 'namespace' | 'name'>,
  { retryConstraint, sessionPersistence }: BackendTrafficPolicySource['spec'],
): Settings {
  const identity = `XBackendTrafficPolicy/${namespace}/${name}`;
  return {
    ...(retryConstraint === undefined ? {} : { retryBudget: readBudget(retryConstraint) }),
    ...(sessionPersistence === undefined
      ? {}
      : { session: readSession(sessionPersistence, identity, 'spec.sessionPersistence') }),
  };
}

/** By the API's schema. */
const mostPerInterval = 1_000_000;

/** Defaults are those of the API's schema. */
function readBudget({
  budget = {},
  minRetryRate = {},
}: NonNullable<BackendTrafficPolicySource['spec']['retryConstraint']>): RetryBudget {
  const { percent = 20, interval = '10s' } = budget;
  const { count = 10, interval: rateInterval = '1s' } = minRetryRate;
  const field = 'spec.retryConstraint';
  const rateMs = readDurationMs(rateInterval, `${field}.minRetryRate.interval`);
  if (rateMs === 0) throw new RouteProblem(`${field}.minRetryRate.interval`, 'must be above zero');
  checkWhole(count, `${field}.minRetryRate.count`, { most: mostPerInterval });
  return {
    percent: checkWhole(percent, `${field}.budget.percent`, { most: 100 }),
    intervalMs: readDurationMs(interval, `${field}.budget.interval`),
    minimumPerSecond: (count * 1_000) / rateMs,
  };
}

/** Of the first backend whose Service has one: a rule that says nothing itself keeps sessions as its Service asks. */
export function defaultSession(
  backends: readonly RouteBackend[],
  settings: Collection<TrafficSettings>,
  read: Read,
): SessionPersistence | undefined {
  for (const { servicePort } of backends) {
    if (servicePort === undefined) continue;
    const session = read(settings, servicePort.slice(0, servicePort.lastIndexOf(':')))?.session;
    if (session !== undefined) return session;
  }
  return undefined;
}
