/**
 * An application with every kind of port that a probe can ask, started as a program of its own in the pod. Prints one
 * line of JSON for each request. Port 8081 is its remote control: POST /tcp/open, /tcp/close, /grpc/up, /grpc/down.
 */

import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import * as grpc from '@grpc/grpc-js';

export const applicationPorts = { http: 8080, https: 8443, tcp: 5432, grpc: 9000, control: 8081 } as const;

export interface SeenRequest {
  readonly port: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly peer: string;
}

function report(port: number, url: string, headers: IncomingMessage['headers'], peer = ''): void {
  console.log(JSON.stringify({ port, url, headers, peer }));
}

function http(port: number): RequestListener {
  return (request, response) => {
    report(port, request.url ?? '', request.headers, request.socket.remoteAddress);
    if (request.url === '/moved') return response.writeHead(302, { location: '/login' }).end();
    if (request.url === '/bad') return response.writeHead(500).end();
    if (request.url === '/slow') return setTimeout(() => response.end('slow'), 3_000);
    return response.end('hello');
  };
}

let serving = false;

function grpcServer(): grpc.Server {
  const server = new grpc.Server();
  const identity = (value: Buffer): Buffer => value;
  server.addService(
    {
      check: {
        path: '/grpc.health.v1.Health/Check',
        requestStream: false,
        responseStream: false,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      },
    },
    {
      check: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
        // HealthCheckRequest{service = 1}; HealthCheckResponse{status = 1}: 1 SERVING, 2 NOT_SERVING.
        report(applicationPorts.grpc, call.request.subarray(2).toString(), {});
        answer(null, Buffer.from([8, serving ? 1 : 2]));
      },
    },
  );
  return server;
}

async function main(key: string, certificate: string): Promise<void> {
  createServer(http(applicationPorts.http)).listen(applicationPorts.http, '::');
  createHttpsServer({ key, cert: certificate }, http(applicationPorts.https)).listen(
    applicationPorts.https,
    '::',
  );
  const grpcHealth = grpcServer();
  await new Promise((resolve, reject) => {
    grpcHealth.bindAsync(`[::]:${applicationPorts.grpc}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve(undefined) : reject(error),
    );
  });
  // Speaks first, as databases do.
  const tcp = createTcpServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.write('220 ready\n');
  });
  createServer((request, response) => {
    if (request.url === '/tcp/open') return tcp.listen(applicationPorts.tcp, '::', () => response.end());
    if (request.url === '/tcp/close') return tcp.close(() => response.end());
    serving = request.url === '/grpc/up';
    return response.end();
  }).listen(applicationPorts.control, '::', () => console.log('{}'));
}

const [, , key, certificate] = process.argv;
if (import.meta.main && key !== undefined && certificate !== undefined) await main(key, certificate);
