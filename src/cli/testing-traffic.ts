/** For tests: answers of the observability API as they look where traffic flows. */

import type { ServiceGraph, TrafficAnswer, TrafficRow } from '../telemetry/model.ts';

export function trafficRow(group: TrafficRow['group'], changes: Partial<TrafficRow> = {}): TrafficRow {
  return {
    group,
    counts: {
      requests: [0, 0, 594, 0, 0, 6],
      failures: 6,
      retries: 0,
      durations: [],
      durationSumMs: 0,
      connectionsOpened: 0,
      connectionsClosed: 0,
      bytesSent: 0,
      bytesReceived: 0,
    },
    requests: 600,
    requestsPerSecond: 10,
    successRate: 0.99,
    latency: { p50: 1.25, p90: 3, p95: 4.5, p99: 120.4 },
    bytesPerSecond: 0,
    connectionsPerSecond: 0,
    ...changes,
  };
}

/** As of a proxy that forwarded opaque TCP: no request, no success, no latency. */
export function tcpRow(group: TrafficRow['group']): TrafficRow {
  const { successRate: _success, latency: _latency, ...row } = trafficRow(group);
  const counts = { ...row.counts, requests: [0, 0, 0, 0, 0, 0], failures: 0, connectionsOpened: 4 };
  return {
    ...row,
    counts,
    requests: 0,
    requestsPerSecond: 0,
    bytesPerSecond: 2048,
    connectionsPerSecond: 0.07,
  };
}

export function answerOf(rows: readonly TrafficRow[], gaps: readonly string[] = []): TrafficAnswer {
  return { fromMs: 0, toMs: 60_000, gaps, rows };
}

export const shopGraph: ServiceGraph = {
  fromMs: 0,
  toMs: 60_000,
  gaps: [],
  nodes: [
    { id: 'gateway:shop/edge', kind: 'gateway', namespace: 'shop', name: 'edge', requestsPerSecond: 0 },
    {
      id: 'workload:shop/Deployment/web',
      kind: 'workload',
      namespace: 'shop',
      name: 'Deployment/web',
      requestsPerSecond: 10,
      successRate: 0.9,
      p99Ms: 12,
    },
  ],
  edges: [
    {
      source: 'gateway:shop/edge',
      target: 'workload:shop/Deployment/web',
      protocols: ['http', 'http2'],
      mtls: true,
      requestsPerSecond: 10,
      connectionsPerSecond: 0,
      bytesPerSecond: 0,
      successRate: 0.9,
      p50Ms: 1,
      p99Ms: 12,
    },
  ],
};
