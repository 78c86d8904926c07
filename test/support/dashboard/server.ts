/**
 * The page with generated answers behind it: the bundled files with the very headers of the real server, and the API in
 * the shapes of views/types.ts. A test can make any resource fail, and ask for a token.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundlePage } from '../../../dev/images/page.ts';
import { observeBase } from '../../../src/base/observe.ts';
import { securityHeaders } from '../../../src/dashboard/static-files.ts';
import type { ServiceGraph } from '../../../src/telemetry/model.ts';
import { shopGraph } from './graph-data.ts';
import * as lists from './lists-data.ts';
import { stat, tapEvent } from './traffic-data.ts';

export interface Behaviour {
  /** With which the API answers at all; without one anybody may ask. */
  token?: string;
  /** Status and message by resource: `{ workloads: [403, 'user a cannot …'] }`. */
  failures: Record<string, readonly [status: number, message: string]>;
  /** What is told to be missing in every answer that can tell. */
  gaps: readonly string[];
  graph: (nowMs: number) => ServiceGraph;
}

export interface DashboardServer {
  readonly url: string;
  readonly behaviour: Behaviour;
  /** Addresses of all API requests, to look for what must not be in them. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  svg: 'image/svg+xml',
};

export async function startDashboardServer(initial: Partial<Behaviour> = {}): Promise<DashboardServer> {
  const files = await bundlePage();
  const behaviour: Behaviour = { failures: {}, gaps: [], graph: shopGraph, ...initial };
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith(observeBase)) {
      requests.push(request.url ?? '');
      const path = pathname
        .slice(observeBase.length + 1)
        .split('/')
        .map(decodeURIComponent);
      return answer(behaviour, path, searchParams, request, response);
    }
    const name = pathname.replace(/^\/(ui\/?)?/, '') || 'index.html';
    const file = files[name];
    response.writeHead(file === undefined ? 404 : 200, {
      ...securityHeaders,
      'content-type': types[name.split('.').pop() ?? ''] ?? 'text/plain',
    });
    response.end(file ?? 'no such file');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    behaviour,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { ...securityHeaders, 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function fail(response: ServerResponse, code: number, message: string): void {
  reply(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message });
}

function answer(
  behaviour: Behaviour,
  path: readonly string[],
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (behaviour.token !== undefined && request.headers.authorization !== `Bearer ${behaviour.token}`)
    return fail(response, 401, 'Unauthorized');
  const [namespace, resource = '', name] = path[0] === 'namespaces' ? path.slice(1) : ['', ...path];
  const failure = behaviour.failures[resource];
  if (failure !== undefined) return fail(response, ...failure);
  if (resource === 'taps') return streamTaps(response);
  const body = bodyOf(behaviour, resource, namespace ?? '', name, query);
  if (body === undefined) return fail(response, 404, `There is no ${resource} ${name ?? ''}.`);
  reply(response, 200, body);
}

function bodyOf(
  { gaps, graph }: Behaviour,
  resource: string,
  namespace: string,
  name: string | undefined,
  query: URLSearchParams,
): unknown {
  const nowMs = Date.now();
  const listing = <T extends { readonly namespace?: string }>(items: readonly T[]) => ({
    gaps,
    items: items.filter((item) => namespace === '' || item.namespace === namespace),
  });
  switch (resource) {
    case 'overview':
      return { ...lists.overview(nowMs), gaps };
    case 'graph':
      return { ...graph(nowMs), gaps };
    case 'stat':
      return { ...stat(query, nowMs), gaps };
    case 'workloads':
      return listing(lists.workloads(nowMs));
    case 'services':
      return listing(lists.services(nowMs));
    case 'routes':
      return listing(lists.routes(nowMs));
    case 'policies':
      return listing(lists.policies);
    case 'certificates':
      return { gaps, items: lists.certificates(nowMs) };
    case 'findings':
      return { gaps, items: lists.findings };
    case 'explain':
      return lists.explained(query.get('kind') ?? '', `${namespace}/${query.get('name') ?? ''}`);
    case 'proxies': {
      const all = lists.proxies(nowMs);
      if (name === undefined) return listing(all);
      const found = all.find((proxy) => proxy.namespace === namespace && proxy.pod === name);
      return found === undefined ? undefined : lists.proxyDetail(found);
    }
    default:
      return undefined;
  }
}

const tapEveryMs = 60;
export const tapNotice = 'Pod shop/web-2 cannot be reached: its requests are not shown.';

function streamTaps(response: ServerResponse): void {
  response.writeHead(200, { ...securityHeaders, 'content-type': 'application/x-ndjson' });
  let index = 0;
  response.write(`${JSON.stringify({ at: new Date().toISOString(), notice: tapNotice })}\n`);
  const timer = setInterval(() => {
    response.write(`${JSON.stringify(tapEvent(index, Date.now()))}\n`);
    index += 1;
  }, tapEveryMs);
  response.on('close', () => clearInterval(timer));
}
