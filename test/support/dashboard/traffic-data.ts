/** Answers of `stat`, and live requests, for the shop of graph-data.ts. */

import type { TapEvent, TrafficAnswer, TrafficCounts, TrafficRow } from '../../../src/telemetry/model.ts';
import { shopGraph } from './graph-data.ts';
import { hostileName } from './lists-data.ts';

function countsOf(requests: number, failures: number): TrafficCounts {
  return {
    ...({} as TrafficCounts),
    requests: [0, 0, requests - failures, 0, 0, failures],
    failures,
    retries: 0,
  };
}

function rowOf(
  group: TrafficRow['group'],
  requestsPerSecond: number,
  successRate: number,
  seconds: number,
): TrafficRow {
  const requests = Math.round(requestsPerSecond * seconds);
  return {
    group,
    counts: countsOf(requests, Math.round(requests * (1 - successRate))),
    requests,
    requestsPerSecond,
    bytesPerSecond: requestsPerSecond * 1800,
    connectionsPerSecond: 0,
    ...(requests > 0 ? { successRate, latency: { p50: 3.2, p90: 19, p95: 28, p99: 48 } } : {}),
  };
}

const seconds = { s: 1, m: 60, h: 3600 } as const;

function secondsOf(text: string): number {
  const [, digits = '60', unit = 's'] = /^(\d+)([smh])$/.exec(text) ?? [];
  return Number(digits) * seconds[unit as keyof typeof seconds];
}

const nameOf = (id: string): string => id.replace(/^\w+:/, '');

/** A time line where a step is asked for, else one row per neighbour. */
export function stat(query: URLSearchParams, nowMs: number): TrafficAnswer {
  const windowSeconds = secondsOf(query.get('window') ?? '60s');
  const toMs = Math.floor(nowMs / 10_000) * 10_000;
  const fromMs = toMs - windowSeconds * 1000;
  const answer = { fromMs, toMs, gaps: [] };
  const step = query.get('step');
  if (step !== null) {
    const stepMs = secondsOf(step) * 1000;
    const rows = Array.from({ length: Math.ceil((toMs - fromMs) / stepMs) }, (_, index) => {
      const atMs = fromMs + index * stepMs;
      const rate = 2000 + 340 * Math.sin(atMs / 90_000) + 60 * Math.sin(atMs / 11_000);
      return { ...rowOf({ side: 'server' }, rate, index % 9 === 4 ? 0.985 : 0.998, stepMs / 1000), atMs };
    });
    return { ...answer, rows };
  }
  const isSource = (query.get('groupBy') ?? '').startsWith('source');
  const self = query.get(isSource ? 'to' : 'from') ?? query.get('service') ?? '';
  const rows = shopGraph(nowMs)
    .edges.filter((edge) =>
      nameOf(isSource ? edge.target : edge.source).endsWith(self.replace(/^[^/]+\//, '')),
    )
    .map((edge) =>
      rowOf(
        {
          [isSource ? 'source' : 'destination']: nameOf(isSource ? edge.source : edge.target),
          protocol: edge.protocols[0] ?? '',
          mtls: String(edge.mtls === true),
        },
        edge.requestsPerSecond,
        edge.successRate ?? 1,
        windowSeconds,
      ),
    );
  return { ...answer, rows };
}

const paths = ['/cart', '/cart/items?id=42', '/v2/products', `/search?q=${hostileName}`, '/checkout'];

/** The `index`th line of a tap: requests, and now and then a connection. */
export function tapEvent(index: number, nowMs: number): TapEvent {
  const event = requestEvent(index, nowMs);
  if (index % 8 !== 3) return event;
  return {
    ...event,
    protocol: 'tcp',
    method: '',
    authority: '',
    path: '',
    status: 0,
    flags: [],
    requestId: '',
  };
}

function requestEvent(index: number, nowMs: number): TapEvent {
  const isBad = index % 11 === 7;
  return {
    at: new Date(nowMs).toISOString(),
    pod: 'shop/web-6f7c9d5b4-ax1',
    side: 'server',
    source: { kind: 'workload', namespace: 'shop', name: 'Deployment/web', version: 'v1' },
    destination: { kind: 'workload', namespace: 'shop', name: 'Deployment/cart', version: 'v2' },
    sourceIdentity: 'spiffe://cluster.local/ns/shop/sa/web',
    destinationIdentity: 'spiffe://cluster.local/ns/shop/sa/cart',
    service: 'shop/cart:80',
    route: 'shop/cart',
    protocol: 'http',
    method: index % 3 === 0 ? 'POST' : 'GET',
    authority: 'cart.shop',
    path: paths[index % paths.length] ?? '/',
    status: isBad ? 503 : 200,
    flags: isBad ? ['UF: the upstream refused the connection'] : [],
    requestId: `0f8fad5b-d9cb-469f-a165-${String(index).padStart(12, '0')}`,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    attempts: isBad ? 3 : 1,
    bytesReceived: 120,
    bytesSent: 2048,
    durationMs: isBad ? 250 : 4 + (index % 7),
    upstreamMs: 3,
    requestHeaders: { 'user-agent': hostileName },
  };
}
