/** Health and metrics of the control plane for the kubelet and Prometheus: plain HTTP, three paths, GET only. */

import { createServer, type Server } from 'node:http';
import { type Counter, Registry } from '../base/metrics.ts';

export interface HealthOptions {
  readonly registry: Registry;
  /** What is still missing before this replica can serve; empty when ready. */
  readonly missing: () => readonly string[];
  /** Metrics that are not in the registry because they are too many for it: families in the format that is asked for. */
  readonly more?: (format: 'prometheus' | 'openmetrics') => string;
}

export function createHealthServer(options: HealthOptions): Server {
  return createServer((request, response) => {
    const reply = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return reply(405, 'GET only\n');
    switch (request.url) {
      case '/healthz':
        return reply(200, 'ok\n');
      case '/readyz': {
        const missing = options.missing();
        return missing.length === 0 ? reply(200, 'ok\n') : reply(503, `waiting for ${missing.join(', ')}\n`);
      }
      case '/metrics':
        metricsOf(options, request.headers.accept).then(
          ({ text, type }) => reply(200, text, type),
          (error: unknown) => reply(500, `${error instanceof Error ? error.message : String(error)}\n`),
        );
        return;
      default:
        return reply(404, 'paths: /healthz /readyz /metrics\n');
    }
  });
}

const end = '# EOF\n';

/** OpenMetrics for whoever asks for it, as Prometheus does: only there can a bucket name a trace. */
async function metricsOf(
  { registry, more }: HealthOptions,
  accept = '',
): Promise<{ readonly text: string; readonly type: string }> {
  if (!accept.includes('application/openmetrics-text')) {
    return { text: (await registry.metrics()) + (more?.('prometheus') ?? ''), type: registry.contentType };
  }
  const open = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // The library takes the ending from the name of each counter; that of the metric itself has to stay.
  for (const metric of registry.getMetricsAsArray()) open.registerMetric(Object.create(metric) as Counter);
  const text = await open.metrics();
  return { text: text.slice(0, -end.length) + (more?.('openmetrics') ?? '') + end, type: open.contentType };
}
