/**
 * Traces and logs of two real Envoys at a real OpenTelemetry collector: what it prints of them is what any tracing system
 * behind it would get.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { ensureBinary } from '../../dev/cluster/cluster.ts';
import { meshConfig } from '../../src/mesh/testing-objects.ts';
import { EnvoyPair, pairIdentities } from '../support/envoy-pair.ts';
import { freePort } from '../support/ports.ts';

/** Prints every span and log to its standard error. */
class Collector {
  readonly #process: ChildProcess;
  printed = '';

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.printed += chunk.toString();
    });
  }

  static async start(ports: Readonly<Record<'grpc' | 'http', number>>): Promise<Collector> {
    const pipeline = { receivers: ['otlp'], exporters: ['debug'] };
    const configuration = {
      receivers: {
        otlp: {
          protocols: {
            grpc: { endpoint: `127.0.0.1:${ports.grpc}` },
            http: { endpoint: `127.0.0.1:${ports.http}` },
          },
        },
      },
      exporters: { debug: { verbosity: 'detailed' } },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: pipeline, logs: pipeline },
      },
    };
    const program = await ensureBinary('collector', console.error);
    const child = spawn(program, ['--config', `yaml:${JSON.stringify(configuration)}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const collector = new Collector(child);
    await collector.until((text) => text.includes('Everything is ready'), 'it is ready');
    return collector;
  }

  async until(done: (printed: string) => boolean, what: string): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (!done(this.printed)) {
      if (this.#process.exitCode !== null || performance.now() > deadline) {
        throw new Error(`not seen: ${what}\n${this.printed.slice(-4000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }
}

/** The fields of each span, as the collector prints them. */
function spansIn(printed: string): readonly Readonly<Record<string, string>>[] {
  return printed
    .split(/^Span #\d+$/m)
    .slice(1)
    .map((text) =>
      Object.fromEntries(
        [...text.matchAll(/^ *(?:-> )?([\w.: -]+?) *: (.*)$/gm)].map(([, name = '', value = '']) => [
          name.trim(),
          value.replace(/^Str\((.*)\)$/, '$1'),
        ]),
      ),
    );
}

describe('a real collector', () => {
  let collector: Collector;
  const ports = { grpc: 0, http: 0 };

  before(async () => {
    ports.grpc = await freePort();
    ports.http = await freePort();
    collector = await Collector.start(ports);
  });
  after(() => collector?.stop());

  for (const protocol of ['GRPC', 'HTTP'] as const) {
    test(`takes spans and logs over ${protocol}: one trace, the server's span below the client's`, async () => {
      const address = `127.0.0.1:${protocol === 'GRPC' ? ports.grpc : ports.http}`;
      const pair = await EnvoyPair.start([
        meshConfig({
          telemetry: {
            providers: [{ name: 'collector', protocol, address }],
            tracing: { mode: 'On', provider: 'collector', samplingPercent: 100 },
            accessLog: { mode: 'On', provider: 'collector', format: { text: 'line %REQ(:PATH)%' } },
          },
        }),
      ]);
      try {
        collector.printed = '';
        const { seen } = await pair.call(`/by-${protocol}`);
        await collector.until(
          (text) => spansIn(text).length >= 2 && text.split(`Str(line /by-${protocol})`).length > 2,
          'both spans and both logs',
        );
        const spans = spansIn(collector.printed);
        const client = spans.find((span) => span['Kind'] === 'Client');
        const server = spans.find((span) => span['Kind'] === 'Server');
        assert.ok(client && server, collector.printed);
        assert.equal(server['Trace ID'], client['Trace ID']);
        assert.equal(server['Parent ID'], client['ID']);
        assert.equal(client['Parent ID'] ?? '', '');
        assert.equal(client['Name'], 'GET shop/web:80');
        assert.equal(server['weft.source.identity'], pairIdentities.client);
        assert.equal(seen['traceparent'], `00-${server['Trace ID']}-${server['ID']}-01`);
        for (const who of ['client', 'server']) {
          assert.ok(collector.printed.includes(`service.name: Str(${who})`), who);
        }
      } finally {
        await pair.stop();
      }
    });
  }
});
