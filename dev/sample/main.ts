/**
 * The sample application: a small shop, one program for all its services. `node main.ts <role>`; settings come from
 * the environment, with defaults that suit dev/sample/manifests. Needs nothing but Node.
 *
 *   load ──> web ──HTTP──> catalog (v1, v2)      load ──WebSocket──> ticker
 *             ├──gRPC──> prices                  load ──TCP──> greeter (speaks first)
 *             └──TCP───> ledger                  load ──> every other service as well
 */

import type { Addresses, RoleOptions, Running } from './lib/running.ts';
import { startCatalog } from './roles/catalog.ts';
import { type BenchOptions, runBench } from './roles/bench.ts';
import { startEcho } from './roles/echo.ts';
import { startGreeter } from './roles/greeter.ts';
import { startHealth } from './roles/health.ts';
import { startLedger } from './roles/ledger.ts';
import { startLoad } from './roles/load.ts';
import { startPrices } from './roles/prices.ts';
import { startTicker } from './roles/ticker.ts';
import { startWeb } from './roles/web.ts';

const roles: Readonly<Record<string, (options: RoleOptions) => Promise<Running>>> = {
  web: startWeb,
  catalog: (options) => startCatalog({ ...options, failEvery: Number(process.env['FAIL_EVERY'] ?? '0') }),
  prices: startPrices,
  ticker: startTicker,
  ledger: startLedger,
  greeter: startGreeter,
  echo: startEcho,
  load: (options) => startLoad({ ...options, perSecond: Number(process.env['PER_SECOND'] ?? '20') }),
};

const defaultPorts: Readonly<Record<string, number>> = { prices: 9000, ledger: 7000, greeter: 2525 };
const leaveWithinMs = 15_000;

function readAddresses(env: NodeJS.ProcessEnv): Addresses {
  return {
    web: env['WEB'] ?? 'web:80',
    catalog: env['CATALOG'] ?? 'catalog:80',
    prices: env['PRICES'] ?? 'prices:9000',
    ticker: env['TICKER'] ?? 'ticker:80',
    ledger: env['LEDGER'] ?? 'ledger:7000',
    greeter: env['GREETER'] ?? 'greeter:2525',
  };
}

/** A load that ends by itself; for `weft perf run`. */
async function bench(env: NodeJS.ProcessEnv): Promise<void> {
  const result = await runBench({
    protocol: (env['PROTOCOL'] ?? 'http1') as BenchOptions['protocol'],
    address: env['TARGET'] ?? 'echo:80',
    perSecond: Number(env['PER_SECOND'] ?? '100'),
    connections: Number(env['CONNECTIONS'] ?? '4'),
    warmupSeconds: Number(env['WARMUP_SECONDS'] ?? '3'),
    seconds: Number(env['SECONDS_COUNTED'] ?? '10'),
  });
  console.log(JSON.stringify({ result }));
}

async function main(role: string): Promise<void> {
  if (role === 'bench') return bench(process.env);
  const start = roles[role];
  if (start === undefined) {
    console.error(
      `The shop has ${Object.keys(roles).join(', ')}; say one of them, not ${JSON.stringify(role)}.`,
    );
    process.exit(2);
  }
  const { env } = process;
  const version = env['VERSION'] ?? 'v1';
  const port = Number(env['PORT'] ?? defaultPorts[role] ?? 8080);
  const running = await start({ version, port, addresses: readAddresses(env) });
  const health = await startHealth(Number(env['HEALTH_PORT'] ?? 8081));
  console.log(JSON.stringify({ role, version, port: running.port, healthPort: health.port }));

  const leave = async (): Promise<void> => {
    health.leave();
    setTimeout(() => process.exit(1), leaveWithinMs).unref();
    await running.close();
    await health.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void leave());
}

await main(process.argv[2] ?? '');
