/**
 * The front of the shop, over HTTP.
 *
 *   GET /          goods and prices: calls catalog (HTTP) and prices (gRPC)
 *   GET /checkout  pays for one item: calls prices and ledger (TCP)
 */

import { GrpcClient } from '../lib/grpc.ts';
import { type Answer, JsonClient, serveJson, startHttp } from '../lib/http.ts';
import { converse } from '../lib/lines.ts';
import type { RoleOptions, Running } from '../lib/running.ts';
import { passOn, type TraceHeaders } from '../lib/trace.ts';
import { askPrice } from './prices.ts';

const ledgerTimeoutMs = 5000;

export async function startWeb({ version, port, addresses }: RoleOptions): Promise<Running> {
  const catalog = new JsonClient(addresses.catalog);
  const prices = new GrpcClient(addresses.prices);

  async function shelf(trace: TraceHeaders): Promise<Answer> {
    const [goods, quote] = await Promise.all([catalog.get('/items', trace), askPrice(prices, 'loom', trace)]);
    if (goods.status !== 200) throw new Error(`catalog answered ${goods.status}`);
    const servedBy = { web: version, catalog: goods.body['version'], prices: quote.version };
    return { body: { version, servedBy, items: goods.body['items'], offer: quote } };
  }

  async function checkout(trace: TraceHeaders): Promise<Answer> {
    const quote = await askPrice(prices, 'yarn', trace);
    const [receipt = ''] = await converse(addresses.ledger, [`ADD till ${quote.cents}`], {
      serverSpeaksFirst: false,
      timeoutMs: ledgerTimeoutMs,
    });
    if (!receipt.startsWith('OK ')) throw new Error(`ledger answered ${receipt}`);
    return { body: { version, paidCents: quote.cents, receipt } };
  }

  const server = serveJson((request, path) => {
    const trace = passOn(request.headers);
    if (path === '/') return shelf(trace);
    if (path === '/checkout') return checkout(trace);
    return { status: 404, body: { version, error: `no ${path} here` } };
  });
  const running = await startHttp(server, port);
  return {
    port: running.port,
    close: async () => {
      await running.close();
      catalog.close();
      prices.close();
    },
  };
}
