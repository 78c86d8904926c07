/** Health and metrics of the control plane for the kubelet and Prometheus: plain HTTP, three paths, GET only. */

import { createServer, type Server } from 'node:http';
import type { Registry } from '../base/metrics.ts';

export interface HealthOptions {
  readonly registry: Registry;
  /** What is still missing before this replica can serve; empty when ready. */
  readonly missing: () => readonly string[];
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
        options.registry.metrics().then(
          (text) => reply(200, text, options.registry.contentType),
          (error: unknown) => reply(500, `${error instanceof Error ? error.message : String(error)}\n`),
        );
        return;
      default:
        return reply(404, 'paths: /healthz /readyz /metrics\n');
    }
  });
}
