/** What the tests of route features start from: endpoints of several kinds, and a Service with a route for each feature. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import * as grpc from '@grpc/grpc-js';
import { portOf, startEndpoint } from './traffic.ts';

export const web = '10.96.0.10:80';
export const rpc = '10.96.0.13:80';

/** Ports of each Service's endpoints. */
type Ports = Readonly<Record<string, readonly number[]>>;

export interface Endpoints {
  readonly ports: Ports;
  /** Paths that v2 has been asked for. */
  readonly copies: readonly string[];
  /** What the authorities have been asked. */
  readonly asked: readonly string[];
  close(): void;
}

export async function startEndpoints(): Promise<Endpoints> {
  const copies: string[] = [];
  const asked: string[] = [];
  const collect = async (server: Promise<Server>): Promise<Server> => {
    const found = await server;
    found.on('request', (request: IncomingMessage) => copies.push(request.url ?? ''));
    return found;
  };
  const servers = {
    v1: [await startEndpoint('v1'), await startEndpoint('v1-other')],
    v2: [await collect(startEndpoint('v2'))],
    flaky: [await listen(flaky())],
    auth: [await listen(authority(asked))],
  };
  const authorities = await startGrpcAuthority(asked);
  const ports = Object.fromEntries(
    Object.entries(servers).map(([name, list]) => [name, list.map(portOf)] as const),
  );
  return {
    ports: { ...ports, authz: [authorities.port] },
    copies,
    asked,
    close() {
      authorities.server.forceShutdown();
      for (const server of Object.values(servers).flat()) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/**
 * Fails the first `x-times` tries of a request `x-id`: with the status `x-status`, by a reset where that is 0, by
 * silence where it is 1.
 */
function flaky(): RequestListener {
  const tries = new Map<string, number>();
  return (request, response) => {
    const [id, times, status] = ['x-id', 'x-times', 'x-status'].map((name) => String(request.headers[name]));
    const count = (tries.get(id ?? '') ?? 0) + 1;
    tries.set(id ?? '', count);
    response.setHeader('x-tries', count);
    if (count > Number(times)) return response.end('well');
    if (status === '0') return request.socket.resetAndDestroy();
    if (status === '1') return undefined;
    return response.writeHead(Number(status)).end('ill');
  };
}

/** Lets in who shows the token. */
function authority(asked: string[]): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { authorization = '', 'x-extra': extra = '' } = request.headers;
      asked.push([request.method, request.url, authorization, extra, Buffer.concat(chunks)].join(' ').trim());
      response.setHeader('x-user', 'ann').setHeader('x-hidden', 'yes');
      response.writeHead(authorization === 'token' ? 200 : 401).end('who are you?');
    });
  };
}

/** Envoy's protocol of external authorization, as bytes: lets in whose request contains the word. */
async function startGrpcAuthority(asked: string[]): Promise<{ server: grpc.Server; port: number }> {
  const server = new grpc.Server();
  const identity = (bytes: Buffer): Buffer => bytes;
  const check = {
    path: '/envoy.service.auth.v3.Authorization/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  server.addService(
    { check },
    {
      check: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
        const text = call.request.toString('latin1');
        asked.push(text);
        // CheckResponse { status { code } }: OK, PERMISSION_DENIED.
        answer(null, Buffer.from([0x0a, 0x02, 0x08, text.includes('sesame') ? 0 : 7]));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { server, port };
}

const v1 = '{ name: v1, port: 80 }';
const flakyOne = '{ name: flaky, port: 80 }';

/** Prefix of the path -> the rest of its rule. */
const rules: Readonly<Record<string, string>> = {
  '/cors/exact': `filters: [{ type: CORS, cors: { allowOrigins: ['https://www.foo.com', 'https://*.bar.com'], allowMethods: [GET, OPTIONS], allowHeaders: [x-1, x-2], exposeHeaders: [x-3, x-4], allowCredentials: true, maxAge: 3600 } }], backendRefs: [${v1}]`,
  '/cors/any': `filters: [{ type: CORS, cors: { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'] } }], backendRefs: [${v1}]`,
  '/cors/trusted': `filters: [{ type: CORS, cors: { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'], allowCredentials: true } }], backendRefs: [${v1}]`,
  '/retry/codes': `retry: { attempts: 3, codes: [500, 502], backoff: 10ms }, backendRefs: [${flakyOne}]`,
  '/retry/resets': `retry: { attempts: 2, backoff: 10ms }, backendRefs: [${flakyOne}]`,
  '/retry/silence': `retry: { attempts: 1, backoff: 10ms }, timeouts: { request: 5s, backendRequest: 300ms }, backendRefs: [${flakyOne}]`,
  '/retry/bounded': `retry: { attempts: 100, codes: [500], backoff: 100ms }, timeouts: { request: 300ms }, backendRefs: [${flakyOne}]`,
  '/retry/never': `backendRefs: [${flakyOne}]`,
  '/slow/deadline': `timeouts: { request: 100ms }, backendRefs: [${v1}]`,
  '/slow/try': `timeouts: { backendRequest: 100ms }, backendRefs: [${v1}]`,
  '/slow/off': `timeouts: { request: 0s, backendRequest: 0s }, backendRefs: [${v1}]`,
  '/mirror/twice': `filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: v2, port: 80 } } }, { type: RequestMirror, requestMirror: { backendRef: { name: v2, port: 80 } } }], backendRefs: [${v1}]`,
  '/mirror/some': `filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: v2, port: 80 }, fraction: { numerator: 25, denominator: 50 } } }], backendRefs: [${v1}]`,
  '/mirror/nowhere': `filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: gone, port: 80 } } }], backendRefs: [${v1}]`,
  '/each/rewrites': `backendRefs: [{ name: v1, port: 80, weight: 3, filters: [{ type: URLRewrite, urlRewrite: { hostname: one.example, path: { type: ReplacePrefixMatch, replacePrefixMatch: /one } } }] }, { name: v2, port: 80, weight: 1, filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: /two } } }] }]`,
  '/each/redirects': `backendRefs: [{ name: v1, port: 80, weight: 1, filters: [{ type: RequestRedirect, requestRedirect: { hostname: else.example, statusCode: 307 } }] }, { name: v2, port: 80, weight: 1 }, { name: gone, port: 80, weight: 2 }]`,
  '/alone/redirects': `backendRefs: [{ name: v1, port: 80, filters: [{ type: RequestRedirect, requestRedirect: { scheme: https } }] }]`,
  '/auth/http': `filters: [{ type: ExternalAuth, externalAuth: { protocol: HTTP, backendRef: { name: auth, port: 80 }, http: { path: /check, allowedHeaders: [authorization, X-Extra], allowedResponseHeaders: [X-User] } } }], backendRefs: [${v1}]`,
  '/auth/body': `filters: [{ type: ExternalAuth, externalAuth: { protocol: HTTP, backendRef: { name: auth, port: 80 }, forwardBody: { maxSize: 5 } } }], backendRefs: [${v1}]`,
  '/auth/grpc': `filters: [{ type: ExternalAuth, externalAuth: { protocol: GRPC, backendRef: { name: authz, port: 80 }, grpc: { allowedHeaders: [x-token] } } }], backendRefs: [${v1}]`,
  '/auth/nobody': `filters: [{ type: ExternalAuth, externalAuth: { protocol: GRPC, backendRef: { name: gone, port: 80 } } }], backendRefs: [${v1}]`,
  '/session/cookie': `sessionPersistence: { sessionName: "it's" }, backendRefs: [{ name: v1, port: 80, weight: 1 }, { name: v2, port: 80, weight: 1 }]`,
  '/session/header': `sessionPersistence: { type: Header, sessionName: X-Session }, backendRefs: [{ name: v1, port: 80, weight: 1 }, { name: v2, port: 80, weight: 1 }]`,
  '/session/long': `sessionPersistence: { sessionName: long, absoluteTimeout: 1h, cookieConfig: { lifetimeType: Permanent } }, backendRefs: [{ name: v1, port: 80 }]`,
  '/session/leaving': `sessionPersistence: { sessionName: "it's" }, backendRefs: [{ name: v1, port: 80, weight: 0 }, { name: v2, port: 80, weight: 1 }]`,
};

/** Objects of an in.yaml. */
export function featureObjects(ports: Ports): string {
  const written = Object.entries(rules).map(
    ([path, rest]) => `    - { matches: [{ path: { type: PathPrefix, value: ${path} } }], ${rest} }`,
  );
  const service = (name: string, address: string, protocol = 'http'): string => `
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: ${name} }
spec: { clusterIP: ${address}, clusterIPs: [${address}], ports: [{ name: ${protocol}, port: 80 }] }`;
  const slices = Object.entries(ports).flatMap(([name, list]) =>
    list.map(
      (port, index) => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: shop, name: ${name}-${index}, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: ${name === 'authz' ? 'grpc' : 'http'}, port: ${port} }]
endpoints: [{ addresses: [127.0.0.1] }]`,
    ),
  );
  return [
    `used: { shop/Pod/client: ['${web}', '${rpc}'] }`,
    service('web', '10.96.0.10'),
    service('rpc', '10.96.0.13'),
    service('v1', '10.96.0.21'),
    service('v2', '10.96.0.22'),
    service('flaky', '10.96.0.23'),
    service('auth', '10.96.0.24'),
    service('authz', '10.96.0.25', 'grpc'),
    ...slices,
    `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { namespace: shop, name: web, generation: 1 }
spec:
  parentRefs: [{ group: '', kind: Service, name: web }]
  rules:
${written.join('\n')}`,
    `
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { namespace: shop, name: rpc, generation: 1 }
spec:
  parentRefs: [{ group: '', kind: Service, name: rpc }]
  rules:
    - { matches: [{ method: { service: shop.Cart, method: Add } }, { method: { type: RegularExpression, service: 'shop\\.[A-Z]+' } }], backendRefs: [{ name: gone, port: 80 }] }`,
    `
apiVersion: v1
kind: Pod
metadata: { namespace: shop, name: client, annotations: { weft.dev/proxy: '{}' } }
status: { podIPs: [{ ip: 10.244.0.4 }] }`,
  ].join('\n---');
}
