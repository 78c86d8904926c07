/**
 * The HTTPS server of the API. It only moves requests: authenticate.ts says who asks, access.ts what they may see, the
 * resources what the answer is. Certificates and the authorities of clients are exchanged without a restart.
 */

import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { describeError, WeftError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { type MayAccess, openScope } from './access.ts';
import { authenticate, type AuthenticateOptions } from './authenticate.ts';
import { ApiError, forbidden, noSuchResource, statusOf } from './errors.ts';
import { apiRequests, apiRequestSeconds } from './metrics.ts';
import { parseResourcePath, verbOf } from './request-path.ts';
import { type Answer, type ApiGroup, discoveryOf, findResources } from './resources.ts';
import { securityHeaders, type StaticFile } from './static-files.ts';

/** PEM. */
export interface ApiTls {
  readonly key: string;
  readonly cert: string;
  /** Everything that a client's certificate may stand below: the mesh's roots and the API server's proxy authority. */
  readonly ca: string;
}

/** What one replica answers another, by name: `/peer/v1/<name>`. */
export type PeerMethods = Readonly<
  Record<string, (query: URLSearchParams, signal: AbortSignal) => Answer | Promise<Answer>>
>;

export interface ApiServerOptions {
  readonly groups: readonly ApiGroup[];
  readonly peerMethods: PeerMethods;
  readonly authentication: AuthenticateOptions;
  readonly mayAccess: MayAccess;
  /** The web page's files, by path below `/`; `/` itself is the page. It holds no data, so anybody may have it. */
  readonly staticFile: (path: string) => StaticFile | undefined;
  readonly tls: ApiTls;
  readonly log: Logger;
}

export interface ApiServer {
  /** Resolves with the port, which the system chooses for 0. */
  listen(host: string, port: number): Promise<number>;
  /** Serves new connections with these; open ones keep theirs. */
  updateTls(tls: ApiTls): void;
  /** Ends streams and open requests. */
  close(): Promise<void>;
}

/** Parameters are small and nothing takes a body of size. */
const bodyLimitBytes = 64 * 1024;

export function createApiServer(options: ApiServerOptions): ApiServer {
  const app = Fastify({
    https: secureContext(options.tls),
    bodyLimit: bodyLimitBytes,
    keepAliveTimeout: 120_000,
    requestTimeout: 30_000,
    forceCloseConnections: true,
    logger: false,
    exposeHeadRoutes: false,
    // What is not even a path is answered like everything else.
    frameworkErrors: (error, _request, reply) => void sendError(error, reply, options.log, 'a bad path'),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  answerErrors(app, options.log);
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.addHook('onResponse', async (request, reply) => {
    const labels = { resource: resourceLabel(options.groups, request.url), code: String(reply.statusCode) };
    apiRequests.inc(labels);
    apiRequestSeconds.observe({ resource: labels.resource }, reply.elapsedTime / 1000);
  });

  const discovery = discoveryOf(options.groups);
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok'));
  app.all('/*', async (request, reply) => {
    const url = new URL(request.url, 'https://localhost');
    if (request.method === 'GET') {
      const file = options.staticFile(url.pathname);
      if (file !== undefined) return sendFile(file, request, reply);
    }
    const caller = await authenticate(request.raw, options.authentication);
    const gone = AbortSignal.any([closing.signal, goneSignal(reply)]);
    const answer =
      caller.kind === 'replica'
        ? await answerPeer(options, url, gone)
        : await answerUser(options, discovery, caller.user, request, url, gone);
    return send(answer, reply, gone, options.log);
  });

  return {
    listen: async (host, port) => {
      await app.listen({ host, port });
      const address = app.server.address();
      return typeof address === 'object' && address !== null ? address.port : port;
    },
    updateTls: (tls) => app.server.setSecureContext(secureContext(tls)),
    close: () => app.close(),
  };
}

function secureContext(tls: ApiTls): TlsOptions {
  return {
    key: tls.key,
    cert: tls.cert,
    ca: tls.ca,
    requestCert: true,
    // Who has none shows a token; what a certificate is worth is judged request by request.
    rejectUnauthorized: false,
    // The authority of the API server's proxy certificate need not be a root.
    allowPartialTrustChain: true,
    minVersion: 'TLSv1.2',
  };
}

async function answerPeer(options: ApiServerOptions, url: URL, signal: AbortSignal): Promise<Answer> {
  const name = /^\/peer\/v1\/([a-z-]+)$/.exec(url.pathname)?.[1] ?? '';
  const method = Object.hasOwn(options.peerMethods, name) ? options.peerMethods[name] : undefined;
  // A replica asks for nobody, so it is told nothing else.
  if (method === undefined) throw noSuchResource(url.pathname);
  return method(url.searchParams, signal);
}

async function answerUser(
  options: ApiServerOptions,
  discovery: ReadonlyMap<string, unknown>,
  user: Parameters<MayAccess>[0],
  request: FastifyRequest,
  url: URL,
  signal: AbortSignal,
): Promise<Answer> {
  const document = discovery.get(url.pathname);
  if (document !== undefined && request.method === 'GET') return { kind: 'json', body: document };
  if (url.pathname.startsWith('/peer/'))
    throw forbidden('Only replicas of the control plane ask each other.');
  const path = parsed(url.pathname);
  const resources = path === undefined ? [] : findResources(options.groups, path);
  if (path === undefined || resources.length === 0) throw noSuchResource(url.pathname);
  const verb = verbOf(request.method, path, isTrue(url.searchParams.get('watch')));
  const resource = resources.find(({ verbs }) => verbs.some((one) => one === verb));
  if (verb === undefined || resource === undefined) {
    throw new ApiError('WEFT-API-05', `${request.method} ${url.pathname}.`, {
      status: 405,
      reason: 'MethodNotAllowed',
    });
  }
  const permission = await openScope(options.mayAccess, user, verb, path, resource.partly);
  return resource.answer({
    path,
    query: url.searchParams,
    signal,
    ...permission,
    may: (otherVerb, otherResource, subresource = '') =>
      options.mayAccess(user, {
        ...path,
        verb: otherVerb,
        resource: otherResource,
        subresource,
        name: '',
      }),
  });
}

function parsed(path: string): ReturnType<typeof parseResourcePath> {
  try {
    return parseResourcePath(path);
  } catch {
    throw noSuchResource(path);
  }
}

/** As the API server reads it. */
function isTrue(value: string | null): boolean {
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

function send(answer: Answer, reply: FastifyReply, gone: AbortSignal, log: Logger): FastifyReply {
  reply.headers(securityHeaders).header('cache-control', 'no-store');
  if (answer.kind === 'json') return reply.type('application/json').send(JSON.stringify(answer.body));
  if (answer.kind === 'content') {
    return reply
      .headers(answer.headers ?? {})
      .type(answer.type)
      .send(answer.body);
  }
  const stream = Readable.from(lines(answer.items, gone, log), { objectMode: false });
  return reply.type('application/x-ndjson').send(stream);
}

/** What ends a stream cannot be told by a status any more: it is its last line. */
async function* lines(items: AsyncIterable<unknown>, gone: AbortSignal, log: Logger): AsyncGenerator<string> {
  try {
    for await (const item of items) {
      if (gone.aborted) return;
      yield `${JSON.stringify(item)}\n`;
    }
  } catch (error) {
    if (gone.aborted) return;
    const { body } = statusFor(error, log);
    yield `${JSON.stringify(body)}\n`;
  }
}

function sendFile(file: StaticFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.headers(securityHeaders).headers(file.headers);
  if (request.headers['if-none-match'] === file.headers.etag) return reply.code(304).send();
  return reply.type(file.type).send(file.body);
}

function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((error, request, reply) =>
    sendError(error, reply, log, `${request.method} ${request.url.split('?')[0]}`),
  );
}

function sendError(error: unknown, reply: FastifyReply, log: Logger, what: string): FastifyReply {
  const { status, body } = statusFor(error, log, what);
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 503 || status === 429) reply.header('retry-after', '1');
  return reply
    .code(status)
    .headers(securityHeaders)
    .header('cache-control', 'no-store')
    .type('application/json')
    .send(JSON.stringify(body));
}

/** The Status and HTTP status for whatever was thrown. */
function statusFor(error: unknown, log: Logger, request = 'a stream') {
  const known = coded(error);
  if (known.code === 'WEFT-API-07') log.error({ request, err: error }, 'a question to the API failed');
  else log.debug({ request, code: known.code, status: known.status, detail: known.message }, 'refused');
  return { status: known.status, body: statusOf(known, known.status, known.reason) };
}

function coded(error: unknown): WeftError & Pick<ApiError, 'status' | 'reason'> {
  if (error instanceof ApiError) return error;
  // A question that can be asked, and not answered as it stands.
  if (error instanceof WeftError && error.code.startsWith('WEFT-TEL')) {
    return Object.assign(error, { status: 400, reason: 'BadRequest' });
  }
  // What comes from the Kubernetes API: neither who asks nor what they may can be known, so nothing is answered.
  if (error instanceof WeftError && error.code.startsWith('WEFT-KUBE')) {
    return new ApiError('WEFT-API-06', error.message, {
      status: 503,
      reason: 'ServiceUnavailable',
      cause: error,
    });
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiError('WEFT-API-04', describeError(error), { status, reason: 'BadRequest', cause: error });
  }
  return new ApiError('WEFT-API-07', 'The cause is in the log.', {
    status: 500,
    reason: 'InternalError',
    cause: error,
  });
}

/** A label with few values: names of resources. */
function resourceLabel(groups: readonly ApiGroup[], url: string): string {
  const path = url.split('?')[0] ?? '';
  if (path.startsWith('/peer/')) return 'peer';
  try {
    const resource = parseResourcePath(path);
    return (resource === undefined ? [] : findResources(groups, resource))[0]?.name ?? 'other';
  } catch {
    return 'other';
  }
}
