/** What the process of reporting proxies is told and answers, and what each of its proxies reports. */

import { connections, http, report, type TestPoint } from '../../src/telemetry/testing.ts';

export interface ReportingProxy {
  /** PEM. */
  readonly key: string;
  readonly chain: string;
  readonly messages: readonly Buffer[];
}

export interface ReportingSetup {
  readonly ca: string;
  readonly serverName: string;
  /** PEM and base64. */
  readonly proxies: readonly {
    readonly key: string;
    readonly chain: string;
    readonly messages: readonly string[];
  }[];
}

export type ReportingCommand =
  | { readonly what: 'connect'; readonly setup: ReportingSetup; readonly port: number }
  | { readonly what: 'report'; readonly intervalMs: number }
  | { readonly what: 'count' };

export interface ReportingReply {
  readonly answered?: number;
  readonly refused?: number;
  readonly error?: string;
}

/** Workloads of two proxies each, so that a thousand proxies make some eight thousand series. */
export const workloadCount = 500;
const edgesPerSide = 8;

export interface BenchWorkload {
  /** `team-1/Deployment/svc-1@v1` */
  readonly name: string;
  /** Key of its ServicePort. */
  readonly service: string;
}

/** A report of a busy proxy: it calls eight workloads and is called by eight, over HTTP but for one, and some fail. */
export function reportOf(
  index: number,
  workloads: readonly BenchWorkload[],
  round: number,
  nowMs: number,
): Buffer {
  const other = (step: number): BenchWorkload => {
    const found = workloads[(((index + step) % workloads.length) + workloads.length) % workloads.length];
    if (found === undefined) throw new Error('there are no workloads');
    return found;
  };
  const points: TestPoint[] = [];
  for (let edge = 0; edge < edgesPerSide; edge++) {
    const step = 1 + edge * 7;
    const { name: peer, service } = other(step);
    if (edge === edgesPerSide - 1) {
      points.push(
        connections('client', peer, service, 'established', 4),
        connections('client', peer, service, 'ended', 4),
      );
      points.push(connections('server', other(-step).name, '', 'established', 4));
      continue;
    }
    const shape = {
      route: edge % 2 === 0 ? `${service.split('/')[0]}/route` : '',
      protocol: edge % 3 === 0 ? 'HTTP/2' : 'HTTP/1.1',
    };
    points.push(
      http({ side: 'client', peer, service, ...shape, durations: someDurations(200, index + edge + round) }),
    );
    points.push(
      http({
        side: 'server',
        peer: other(-step).name,
        ...shape,
        route: '',
        durations: someDurations(200, index + edge * 3 + round),
      }),
    );
    if (edge % 4 === 0) {
      points.push(http({ side: 'client', peer, service, ...shape, code: '503', durations: [3, 4] }));
    }
  }
  return report(points, nowMs);
}

/** Spread over some ten buckets, as of a service whose requests take ten milliseconds or so. */
function someDurations(count: number, seed: number): readonly number[] {
  let state = seed * 7919 + 17;
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.round(2 * (2 ** 31 / (state + 2 ** 24)) ** 1.2);
  });
}
