/**
 * The web page on this machine: a server on the loopback address that passes the page's questions on to the API server
 * with the user's credentials. Whoever may send it requests would act as that user, so it answers only the browser that
 * was opened with its token, and passes on nothing but questions to the observability API:
 *
 * - the Host header must name the loopback address: a page of another site cannot reach it by a name of its own that it
 *   lets point here (DNS rebinding);
 * - every request must carry a cookie that is only given for the token in the address that the command prints, and that
 *   browsers send with no request which another site has caused;
 * - a request that says that another site caused it is refused besides.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describeError } from '../base/errors.ts';
import { observeBase } from '../base/observe.ts';
import type { PassThrough } from '../kube/pass-through.ts';

export interface DashboardProxy {
  /** With the token; to be opened in a browser. */
  readonly url: string;
  close(): void;
}

/** Long enough for the slowest answer to begin; streams go on for as long as they like. */
const answerTimeoutMs = 60_000;
const mostBodyBytes = 64 * 1024;

/** What is passed on of an answer; the rest is between the API server and us. */
const answerHeaders = [
  'content-type',
  'cache-control',
  'etag',
  'content-security-policy',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
  'permissions-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'retry-after',
];

/** @param port 0 for any that is free. Rejects where it is taken. */
export async function startDashboardProxy(api: PassThrough, port: number): Promise<DashboardProxy> {
  const token = randomBytes(32).toString('base64url');
  const server = createServer();
  await listening(server, port);
  const own = (server.address() as AddressInfo).port;
  const guard: Guard = {
    token,
    cookie: `weft-dashboard-${own}`,
    hosts: [`127.0.0.1:${own}`, `localhost:${own}`],
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(api, guard, request, response).catch((error: unknown) => {
      if (!response.headersSent) refuse(response, 502, describeError(error));
      else response.destroy();
    });
  });
  return {
    url: `http://127.0.0.1:${own}/?token=${token}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Guard {
  readonly token: string;
  readonly cookie: string;
  readonly hosts: readonly string[];
}

async function answer(
  api: PassThrough,
  guard: Guard,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { headers, method = '' } = request;
  if (!guard.hosts.includes(headers.host ?? ''))
    return refuse(response, 403, 'This is not the name of this server.');
  if (isCrossSite(headers, guard)) return refuse(response, 403, 'Another site may not ask here.');
  const url = new URL(request.url ?? '/', `http://${guard.hosts[0]}`);
  const given = url.searchParams.get('token');
  if (method === 'GET' && url.pathname === '/' && given !== null) {
    if (!equal(given, guard.token)) return refuse(response, 403, 'The token is not that of this server.');
    const cookie = `${guard.cookie}=${guard.token}; HttpOnly; SameSite=Strict; Path=/`;
    response.writeHead(303, { location: '/', 'set-cookie': cookie, 'cache-control': 'no-store' }).end();
    return;
  }
  if (!equal(cookieOf(headers.cookie, guard.cookie) ?? '', guard.token)) {
    return refuse(response, 401, 'Open the address that weft dashboard prints.');
  }
  const path = pathAtApiServer(url);
  if (path === undefined || (method !== 'GET' && method !== 'POST'))
    return refuse(response, 404, 'There is nothing here.');
  await passOn(api, path, request, response);
}

/** The page's files come from the control plane, so that they fit its version; nothing else of the API is reached. */
function pathAtApiServer(url: URL): string | undefined {
  const { pathname, search } = url;
  if (pathname.includes('//') || pathname.includes('%')) return undefined;
  if (pathname.startsWith(`${observeBase}/`)) return `${pathname}${search}`;
  const [, file = '', ...deeper] = pathname.split('/');
  if (deeper.length > 0 || !/^[A-Za-z0-9._-]*$/.test(file)) return undefined;
  return file === '' ? `${observeBase}/ui` : `${observeBase}/ui/${file}`;
}

async function passOn(
  api: PassThrough,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', headers } = request;
  if (Number(headers['content-length'] ?? 0) > mostBodyBytes)
    return refuse(response, 413, 'The body is too large.');
  const body = method === 'POST' ? await text(request) : undefined;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const reply = await api.send({
    method,
    path,
    headers: {
      accept: headers.accept ?? '*/*',
      ...(headers['if-none-match'] === undefined ? {} : { 'if-none-match': headers['if-none-match'] }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
    signal: gone.signal,
    timeoutMs: answerTimeoutMs,
  });
  const passed: OutgoingHttpHeaders = {};
  for (const name of answerHeaders) if (reply.headers[name] !== undefined) passed[name] = reply.headers[name];
  response.writeHead(reply.statusCode ?? 502, passed);
  try {
    await pipeline(reply, response);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}

/** By what browsers say of themselves; other programs say nothing and need the cookie all the same. */
function isCrossSite(headers: IncomingMessage['headers'], { hosts }: Guard): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && !hosts.some((host) => headers.origin === `http://${host}`);
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

function equal(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function refuse(response: ServerResponse, status: number, words: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'",
    })
    .end(`${words}\n`);
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
