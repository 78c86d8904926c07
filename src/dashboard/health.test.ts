import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { Counter, Registry } from '../base/metrics.ts';
import { createHealthServer } from './health.ts';

suite('the health server', () => {
  const registry = new Registry();
  const missing = ['pods'];
  const server = createHealthServer({
    registry,
    missing: () => missing,
    more: (format) => `more_total{format="${format}"} 1\n`,
  });
  let origin = '';

  before(async () => {
    new Counter({ name: 'weft_test_total', help: 'For this test.', registers: [registry] }).inc(3);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  test('is alive from the start', async () => {
    assert.equal((await fetch(`${origin}/healthz`)).status, 200);
  });

  test('is ready only when nothing is missing, and says what is', async () => {
    const early = await fetch(`${origin}/readyz`);
    assert.equal(early.status, 503);
    assert.match(await early.text(), /pods/);
    missing.length = 0;
    assert.equal((await fetch(`${origin}/readyz`)).status, 200);
  });

  test('shows the metrics of the registry', async () => {
    assert.match(await (await fetch(`${origin}/metrics`)).text(), /weft_test_total 3/);
  });

  test('adds what is not in the registry, in the format that is asked for', async () => {
    const plain = await fetch(`${origin}/metrics`);
    assert.match(await plain.text(), /weft_test_total 3\n[^]*more_total\{format="prometheus"\} 1\n$/);
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
    const open = await fetch(`${origin}/metrics`, { headers: { accept } });
    assert.match(open.headers.get('content-type') ?? '', /^application\/openmetrics-text/);
    const text = await open.text();
    assert.match(
      text,
      /# TYPE weft_test counter\nweft_test_total 3\nmore_total\{format="openmetrics"\} 1\n# EOF\n$/,
    );
    assert.match(await (await fetch(`${origin}/metrics`)).text(), /# TYPE weft_test_total counter/);
  });

  test('answers 404 for other paths and 405 for other methods', async () => {
    assert.equal((await fetch(`${origin}/etc/passwd`)).status, 404);
    assert.equal((await fetch(`${origin}/healthz`, { method: 'POST' })).status, 405);
  });
});
