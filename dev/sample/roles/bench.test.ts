import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type BenchOptions, runBench } from './bench.ts';
import { startEcho } from './echo.ts';

let echo: Awaited<ReturnType<typeof startEcho>>;

before(async () => {
  const free = { http1: 0, http2: 0, grpc: 0, tcp: 0 };
  echo = await startEcho({ version: 'v1', port: 0, addresses: {} as never }, free);
});

after(() => echo.close());

for (const protocol of ['http1', 'http2', 'grpc', 'tcp'] as const) {
  const options: Omit<BenchOptions, 'address'> = {
    protocol,
    perSecond: 100,
    connections: 2,
    warmupSeconds: 0.2,
    seconds: 0.5,
  };

  test(`a load of ${protocol} counts every call that was due, and how long it took`, async () => {
    const result = await runBench({ ...options, address: `127.0.0.1:${echo.ports[protocol]}` });
    assert.equal(result.requests, 50);
    assert.equal(result.failures, 0);
    const { min, p50, p99, max } = result.latencyMs ?? assert.fail();
    assert.ok(min > 0 && min <= p50 && p50 <= p99 && p99 <= max);
  });

  test(`a load of ${protocol} on nobody fails every call and has no latency`, async () => {
    const result = await runBench({ ...options, seconds: 0.1, address: '127.0.0.1:1' });
    assert.equal(result.failures, result.requests);
    assert.equal(result.requests, 10);
    assert.equal(result.latencyMs, undefined);
  });
}
