/** What the xDS server counts. */

import { Counter, Gauge, Histogram, registry } from '../../base/metrics.ts';
import type { ResourceKind } from '../resource.ts';

const registers = [registry];

export const connectedProxies = new Gauge({
  name: 'weft_xds_proxies',
  help: 'Proxies connected to this replica.',
  registers,
});
export const pushes = new Counter({
  name: 'weft_xds_pushes_total',
  help: 'Responses sent to proxies, by resource type.',
  labelNames: ['kind'],
  registers,
});
export const pushedResources = new Counter({
  name: 'weft_xds_pushed_resources_total',
  help: 'Resources added or updated by the responses sent, by resource type.',
  labelNames: ['kind'],
  registers,
});
export const pushedBytes = new Counter({
  name: 'weft_xds_pushed_bytes_total',
  help: 'Bytes of the responses sent, before TLS, by resource type.',
  labelNames: ['kind'],
  registers,
});
export const rejections = new Counter({
  name: 'weft_xds_rejections_total',
  help: 'Resources that a proxy rejected, by resource type.',
  labelNames: ['kind'],
  registers,
});
export const refusedStreams = new Counter({
  name: 'weft_xds_refused_streams_total',
  help: 'Streams that the server ended because of an error, by error code.',
  labelNames: ['code'],
  registers,
});
export const calls = new Counter({
  name: 'weft_xds_calls_total',
  help: 'Calls of the methods beside ADS, by method and error code; without a code: answered.',
  labelNames: ['method', 'code'],
  registers,
});
export const pushLatency = new Histogram({
  name: 'weft_xds_push_seconds',
  help: 'From the change of a resource to its acknowledgement by a proxy, by resource type.',
  labelNames: ['kind'],
  buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15],
  registers,
});

interface KindMetrics {
  readonly pushes: Counter.Internal;
  readonly resources: Counter.Internal;
  readonly bytes: Counter.Internal;
  readonly rejections: Counter.Internal;
  readonly latency: Histogram.Internal<'kind'>;
}

/** The series of each type, looked up once: they move thousands of times a second. */
export const ofKind: Readonly<Record<ResourceKind, KindMetrics>> = {
  secret: series('secret'),
  cluster: series('cluster'),
  endpoints: series('endpoints'),
  listener: series('listener'),
  route: series('route'),
};

function series(kind: ResourceKind): KindMetrics {
  return {
    pushes: pushes.labels(kind),
    resources: pushedResources.labels(kind),
    bytes: pushedBytes.labels(kind),
    rejections: rejections.labels(kind),
    latency: pushLatency.labels(kind),
  };
}
