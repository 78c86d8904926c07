/**
 * What this replica knows, as JSON for the weft command and the dashboard. Bound to loopback: it is reached by a
 * port-forward, so that RBAC on `pods/portforward` decides who reads it.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ProxyDetail, ProxyStatus } from '../xds/server/server.ts';
import { explainable, type ExplainableKind, type Explained } from './explain.ts';

export interface ProxyReport extends ProxyStatus {
  /** Validity of its workload certificate, where this replica knows it. */
  readonly certificate?: { readonly notBeforeMs: number; readonly notAfterMs: number };
}

export interface ReplicaStatus {
  readonly replica: string;
  readonly version: string;
  readonly leading: boolean;
  /** By the replica's own clock, as are all times in its answers. */
  readonly nowMs: number;
  readonly proxies: readonly ProxyReport[];
}

export interface DebugViews {
  status(): ReplicaStatus;
  /** @param key `namespace/pod` */
  proxy(key: string): ProxyDetail | undefined;
  explain(kind: ExplainableKind, key: string): Explained;
  /** What `weft inject` needs to know of the mesh; throws while it is not known. */
  injection(): object;
}

export function createDebugServer(views: DebugViews): Server {
  return createServer((request, response) => {
    try {
      answer(views, request, response);
    } catch (error) {
      reply(response, 500, { error: error instanceof Error ? error.message : String(error) });
    }
  });
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function answer(views: DebugViews, request: IncomingMessage, response: ServerResponse): void {
  const [, root, what, ...rest] = new URL(request.url ?? '/', 'http://localhost').pathname
    .split('/')
    .map(decodeURIComponent);
  const key = rest.join('/');
  if (request.method !== 'GET') return reply(response, 405, { error: 'GET only' });
  if (root === 'v1' && what === 'status') return reply(response, 200, views.status());
  if (root === 'v1' && what === 'injection') return reply(response, 200, views.injection());
  if (root === 'v1' && what === 'proxies') {
    const proxy = views.proxy(key);
    return proxy === undefined
      ? reply(response, 404, { error: `no proxy ${key} is connected here` })
      : reply(response, 200, proxy);
  }
  const [kind = '', ...name] = rest;
  if (root === 'v1' && what === 'explain' && kind in explainable) {
    return reply(response, 200, views.explain(kind as ExplainableKind, name.join('/')));
  }
  return reply(response, 404, {
    error: 'paths: /v1/status /v1/injection /v1/proxies/NAMESPACE/POD /v1/explain/KIND/NAMESPACE/NAME',
  });
}
