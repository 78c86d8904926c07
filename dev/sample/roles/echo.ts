/** The other end of `bench`: answers at once, over each protocol on a port of its own. Not part of the shop. */

import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createGrpcServer } from '../lib/grpc.ts';
import { readLines, startLines } from '../lib/lines.ts';
import { listen, type RoleOptions, type Running, stopListening } from '../lib/running.ts';

export const echoPorts = { http1: 8080, http2: 8082, grpc: 9000, tcp: 7000 } as const;
export const echoMethod = '/weft.perf.Echo/Unary';
/** A kilobyte, as answers of small services are. */
const body = 'x'.repeat(1024);

/** `ports` are for tests; what listens on the first is what it tells. */
export async function startEcho(
  _options: RoleOptions,
  ports: Readonly<Record<keyof typeof echoPorts, number>> = echoPorts,
): Promise<Running & { readonly ports: Readonly<Record<keyof typeof echoPorts, number>> }> {
  const http1 = createHttp((_request, response) => response.end(body));
  const http2 = createHttp2((_request, response) => response.end(body));
  const grpc = createGrpcServer({ [echoMethod]: (message) => message });
  const listening = {
    http1: await listen(http1, ports.http1),
    http2: await listen(http2, ports.http2),
    grpc: await listen(grpc, ports.grpc),
  };
  const tcp = await startLines(ports.tcp, (socket) => {
    readLines(socket, (line) => socket.write(`${line}\n`));
  });
  return {
    port: listening.http1,
    ports: { ...listening, tcp: tcp.port },
    close: async () => {
      http1.closeIdleConnections();
      await Promise.all([stopListening(http1), stopListening(http2), stopListening(grpc), tcp.close()]);
    },
  };
}
