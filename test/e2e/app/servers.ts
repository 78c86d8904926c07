/** The servers: every answer says who answered and how the request arrived. */

import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer as createTcp, type Server, type Socket } from 'node:net';
import { acceptWebSocket } from './websocket.ts';

export interface Who {
  readonly name: string;
  readonly version: string;
}

type Request = IncomingMessage | Http2ServerRequest;
/** What both protocols' responses have in common and an answer needs. */
interface Response {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

function listen(server: Server, port: number): Promise<() => void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '::', () => resolve(() => server.close()));
  });
}

/**
 * HTTP/1.1 and HTTP/2 with prior knowledge on one port: the first bytes decide.
 * `/status/503`, `/delay/400` and `/fail-times/...` steer the answer; all else answers 200 with a description.
 */
export function startWeb(port: number, who: Who): Promise<() => void> {
  const http1 = createHttp((request, response) => answer(who, request, response));
  http1.on('upgrade', (request, socket) =>
    acceptWebSocket(request, socket as Socket, (text) => `${who.name} ${text}`),
  );
  const http2 = createHttp2();
  http2.on('request', (request, response) => {
    const grpc = String(request.headers['content-type']).startsWith('application/grpc');
    (grpc ? answerGrpc : answer)(who, request, response);
  });
  const server = createTcp((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      socket.unshift(first);
      const preface = first.subarray(0, 4).toString('latin1') === 'PRI ';
      (preface ? http2 : http1).emit('connection', socket);
    });
  });
  return listen(server, port).then((stop) => () => {
    stop();
    http1.closeIdleConnections();
  });
}

function answer(who: Who, request: Request, response: Response): void {
  const path = request.url ?? '/';
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const delayMs = Number(/^\/delay\/(\d+)/.exec(path)?.[1] ?? 0);
    const status = Number(/^\/status\/(\d{3})/.exec(path)?.[1] ?? 200);
    const body = JSON.stringify({
      ...who,
      protocol: request.httpVersion,
      method: request.method,
      path,
      headers: request.headers,
      remote: request.socket.remoteAddress,
      body: Buffer.concat(chunks).toString('utf8'),
    });
    setTimeout(() => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-version': who.version });
      response.end(body);
    }, delayMs);
  });
}

/** Any unary method: echoes the message, and says who answered in a trailer. */
function answerGrpc(who: Who, request: Http2ServerRequest, response: Http2ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/grpc', 'x-version': who.version });
    response.addTrailers({ 'grpc-status': '0', 'x-answered-by': who.name });
    response.end(Buffer.concat(chunks));
  });
}

export function startEcho(port: number): Promise<() => void> {
  return listen(
    createTcp((socket) => {
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    }),
    port,
  );
}

/** Speaks first, as SMTP and MySQL do; then echoes. */
export function startBanner(port: number, name: string): Promise<() => void> {
  return listen(
    createTcp((socket) => {
      socket.on('error', () => socket.destroy());
      socket.write(`220 ${name} ready\r\n`);
      socket.pipe(socket);
    }),
    port,
  );
}
