/** A replica's telemetry with a clock that the test moves, a mesh of a few pods, and proxies that report. */

import { silent, type Logger } from '../base/log.ts';
import { MovableClock } from '../base/movable-clock.ts';
import { formatIdentity } from '../base/spiffe.ts';
import { Graph } from '../graph/graph.ts';
import type { Source } from '../graph/types.ts';
import type { TokenVerdict } from '../kube/token-review.ts';
import type { MeshPod, ServicePort } from '../mesh/model.ts';
import type { TrafficAnswer, TrafficQuery } from './model.ts';
import { metricsMethod } from './intake.ts';
import type { ReportingPeer } from './reporter.ts';
import type { StoreLimits } from './store.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';
import { report, type TestPoint } from './testing.ts';

export interface TelemetryWorld {
  readonly clock: MovableClock;
  pass(milliseconds: number): void;
  /** The wall clock alone is set, forwards or back. */
  jump(milliseconds: number): void;
  readonly pods: Source<MeshPod>;
  readonly services: Source<ServicePort>;
  readonly graph: Graph;
  readonly telemetry: Telemetry;
  /** The peer of a workload's connection, `shop/Deployment/web@v1`. */
  peer(workload: string): ReportingPeer;
  send(peer: ReportingPeer, message: Buffer): Promise<Uint8Array>;
  /** Sends a report of a workload. */
  reports(workload: string, ...points: readonly TestPoint[]): Promise<Uint8Array>;
  ask(query: Partial<TrafficQuery>): Promise<TrafficAnswer>;
}

export interface WorldOptions {
  readonly limits?: Partial<StoreLimits>;
  readonly services?: readonly string[];
  readonly review?: (token: string) => Promise<TokenVerdict>;
  readonly log?: Logger;
}

export async function telemetryWorld(options: WorldOptions = {}): Promise<TelemetryWorld> {
  const clock = new MovableClock();
  const graph = new Graph({
    onError: (error) => {
      throw error;
    },
  });
  const pods = graph.source<MeshPod>('pods');
  const services = graph.source<ServicePort>('services');
  for (const key of options.services ?? ['shop/web:80', 'shop/api:80', 'shop/db:5432']) {
    services.set(key, {} as ServicePort);
  }
  await graph.settled();
  const telemetry = createTelemetry({
    replica: 'weft-0',
    pods,
    servicePorts: services,
    review: options.review ?? (() => Promise.resolve({ kind: 'refused', why: 'nobody is known' })),
    clock,
    log: options.log ?? silent,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const method = telemetry.methods.get(metricsMethod);
  if (method === undefined) throw new Error('there is no method for metrics');
  const peer = (workload: string): ReportingPeer => {
    const [path = '', version = ''] = workload.split('@');
    const [namespace = '', ...rest] = path.split('/');
    const uri = formatIdentity({ trustDomain: 'cluster.local', namespace, serviceAccount: 'default' });
    const unit = version === '' ? '' : `\nOU=${version}`;
    return { kind: 'certificate', uri, subject: `O=${namespace}${unit}\nCN=${rest.join('/')}` };
  };
  return {
    clock,
    pods,
    services,
    graph,
    telemetry,
    peer,
    pass: (milliseconds) => clock.advance(milliseconds),
    jump: (milliseconds) => clock.jump(milliseconds),
    send: method,
    reports: (workload, ...points) => method(peer(workload), report(points, clock.now())),
    async ask(query) {
      const asked = { filter: {}, groupBy: [], windowMs: 60_000, ...query };
      return telemetry.merge(asked, [await telemetry.part(asked)]);
    },
  };
}
