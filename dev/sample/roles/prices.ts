/** What things cost, over gRPC (shop.proto). */

import { createGrpcServer, type GrpcClient, GrpcError, grpcStatus } from '../lib/grpc.ts';
import { decode, encode, numberOf, textOf } from '../lib/protobuf.ts';
import { listen, type RoleOptions, type Running } from '../lib/running.ts';
import type { ServerHttp2Session } from 'node:http2';

export const quotePath = '/shop.v1.Prices/Quote';

const cents: Readonly<Record<string, number>> = { shuttle: 1900, loom: 48_000, yarn: 450 };

export async function startPrices({ version, port }: RoleOptions): Promise<Running> {
  const server = createGrpcServer({
    [quotePath]: (message) => {
      const item = textOf(decode(message), 1);
      const price = cents[item];
      if (price === undefined)
        throw new GrpcError(grpcStatus.invalidArgument, `no price for ${JSON.stringify(item)}`);
      return encode([
        [1, item],
        [2, price],
        [3, version],
      ]);
    },
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  return {
    port: await listen(server, port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // GOAWAY: streams in flight are answered, new ones go elsewhere.
        for (const session of sessions) session.close();
      }),
  };
}

export interface Quote {
  readonly item: string;
  readonly cents: number;
  readonly version: string;
}

/** Asks prices for one item. */
export async function askPrice(
  client: GrpcClient,
  item: string,
  headers: Readonly<Record<string, string>>,
): Promise<Quote> {
  const fields = decode(await client.call(quotePath, encode([[1, item]]), headers));
  return { item: textOf(fields, 1), cents: numberOf(fields, 2), version: textOf(fields, 3) };
}
