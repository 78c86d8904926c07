/**
 * A real Prometheus that scrapes what a mesh shows it: two real Envoys with traffic between them, and the control plane's
 * metrics with what these Envoys reported. Every panel of every dashboard is asked, and has an answer.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dashboards } from '../../dev/codegen/dashboard-panels.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { registry } from '../../src/base/metrics.ts';
import '../../src/controllers/metrics.ts';
import { registerProcessMetrics } from '../../src/dashboard/process-metrics.ts';
import '../../src/kube/metrics.ts';
import { logsMethod } from '../../src/telemetry/exemplars.ts';
import { metricsMethod } from '../../src/telemetry/intake.ts';
import { message } from '../../src/telemetry/protobuf-writer.ts';
import { createTelemetry, type Telemetry } from '../../src/telemetry/telemetry.ts';
import '../../src/webhook/metrics.ts';
import '../../src/xds/server/metrics.ts';
import {
  clientWorkload,
  type ProxyPair,
  pairVersion,
  serverWorkload,
  startPair,
} from '../support/proxy-pair.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';

let pair: ProxyPair;
let prometheus: Prometheus;
let telemetry: Telemetry;
const stopped = new AbortController();
const servers: Server[] = [];
let traffic: Promise<void>;

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

before(async () => {
  const applicationPort = await listen(
    createServer((incoming, response) => {
      if (incoming.url !== '/never') response.writeHead(incoming.url === '/fail' ? 500 : 200).end('hello');
    }),
  );
  const reporters = new Map(
    [clientWorkload, serverWorkload].map((workload) => {
      const [namespace, kind, name] = workload.split('/');
      const subject = `OU=${pairVersion}\nO=${namespace}\nCN=${kind}/${name}`;
      return [
        workload,
        { kind: 'certificate', uri: 'spiffe://cluster.local/ns/shop/sa/default', subject },
      ] as const;
    }),
  );
  pair = await startPair({
    applicationPort,
    onReport(workload, message) {
      const reporter = reporters.get(workload);
      assert.ok(reporter);
      void telemetry.methods.get(metricsMethod)?.(reporter, message);
    },
  });
  telemetry = createTelemetry({
    replica: 'weft-0',
    pods: pair.world.mesh.pods,
    servicePorts: pair.world.mesh.servicePorts,
    review: () => Promise.reject(new Error('nobody shows a token')),
    clock: systemClock,
    log: silent,
  });
  registerProcessMetrics({ registry });
  const metricsPort = await listen(
    createServer((_, response) => {
      registry.metrics().then(
        (own) => response.end(own + telemetry.exposition('prometheus')),
        () => response.writeHead(500).end(),
      );
    }),
  );
  prometheus = await startPrometheus({
    weft: { path: '/metrics', targets: [`127.0.0.1:${metricsPort}`] },
    proxies: { path: '/stats/prometheus', targets: [pair.client.admin, pair.server.admin] },
  });
  traffic = keepTalking();
});

after(async () => {
  stopped.abort();
  await traffic;
  await prometheus.stop();
  telemetry.close();
  await pair.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Requests, some of them failures or given up, bytes, and what the control plane counts where nobody asks it for anything. */
async function keepTalking(): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const socket = connect(pair.ports.tcp, '127.0.0.1');
  socket.resume();
  for (let index = 0; !stopped.signal.aborted; index++) {
    const path = index % 3 === 0 ? '/fail' : '/';
    const outgoing = request({ host: '127.0.0.1', port: pair.ports.http, path, agent });
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    response.resume();
    await once(response, 'end');
    if (index % 3 === 1) await giveUp();
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    for (const name of ownMetrics()) touch(name);
    await sleep(25);
  }
  socket.destroy();
  agent.destroy();
}

/** Nobody answers it, so that its client goes away. */
async function giveUp(): Promise<void> {
  const socket = connect(pair.ports.http, '127.0.0.1');
  socket.write('GET /never HTTP/1.1\r\nhost: a\r\n\r\n');
  await sleep(10);
  socket.destroy();
}

/** Of the control plane, as far as dashboards ask for them. */
function ownMetrics(): ReadonlySet<string> {
  const expressions = dashboards.flatMap(({ panels }) =>
    panels.flatMap(({ queries }) => queries.map(([one]) => one)),
  );
  const names = expressions.join(' ').match(/\bweft_(?!mesh_)\w+/g) ?? [];
  return new Set(names.map((name) => name.replace(/_bucket$/, '')));
}

interface Touchable {
  readonly labelNames: readonly string[];
  inc?(labels: object, by: number): void;
  observe?(labels: object, value: number): void;
}

function touch(name: string): void {
  const metric = registry.getSingleMetric(name) as unknown as Touchable | undefined;
  assert.ok(metric !== undefined, `the control plane has no metric ${name}`);
  // It measures itself.
  if (name === 'weft_event_loop_longest_stall_seconds') return;
  const labels = Object.fromEntries(metric.labelNames.map((label) => [label, 'x']));
  if (metric.observe === undefined) metric.inc?.(labels, 1);
  else metric.observe(labels, 0.01);
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

async function ask(expression: string): Promise<Answer> {
  const query = new URLSearchParams({ query: expression });
  return (await (
    await fetch(`http://${prometheus.address}/api/v1/query?${query.toString()}`)
  ).json()) as Answer;
}

/** The first workload is called, the second calls. */
const choices = [
  { namespace: 'shop', workload: 'Deployment/web', service: 'shop/web:80' },
  { namespace: 'shop', workload: 'Deployment/client', service: 'shop/web:80' },
];

function filledIn(text: string, choice: Readonly<Record<string, string>>): string {
  return text
    .replaceAll('$__rate_interval', '5s')
    .replaceAll(/"\$([a-z]+)"/g, (whole, name: string) => (name in choice ? `"${choice[name]}"` : whole));
}

/** Some value that is a number, for one of the choices; else what was answered last. */
async function answered(expression: string): Promise<true | string> {
  let last = '';
  for (const choice of choices) {
    const answer = await ask(filledIn(expression, choice));
    if (answer.status !== 'success') return answer.error ?? 'an error';
    const values = answer.data?.result.map(({ value }) => Number(value[1])) ?? [];
    if (values.some((value) => Number.isFinite(value))) return true;
    last = `${expression}: ${JSON.stringify(values)}`;
  }
  return last;
}

for (const dashboard of dashboards) {
  for (const { title, queries } of dashboard.panels) {
    test(`${dashboard.title}: ${title}`, async () => {
      for (const [expression] of queries) {
        let result = await answered(expression);
        for (let attempt = 0; attempt < 120 && result !== true; attempt++) {
          await sleep(250);
          result = await answered(expression);
        }
        assert.equal(result, true);
      }
    });
  }

  for (const [name, , query] of dashboard.variables) {
    test(`${dashboard.title}: what to choose from for ${name}`, async () => {
      const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
      const match = new URLSearchParams({ 'match[]': filledIn(selector, choices[0] ?? {}) });
      const found = await fetch(
        `http://${prometheus.address}/api/v1/label/${label}/values?${match.toString()}`,
      );
      const { data } = (await found.json()) as { data: readonly string[] };
      assert.ok(data.includes(choices[0]?.[name as 'service'] ?? ''), data.join());
    });
  }
}

test('shares are between nothing and everything', async () => {
  for (const { panels } of dashboards) {
    for (const { unit, queries } of panels) {
      if (unit !== 'percentunit') continue;
      for (const [expression] of queries) {
        for (const choice of choices) {
          const { data } = await ask(filledIn(expression, choice));
          for (const { value } of data?.result ?? []) {
            const share = Number(value[1]);
            assert.ok(Number.isNaN(share) || (share >= 0 && share <= 1), `${expression} is ${share}`);
          }
        }
      }
    }
  }
});

test('a request that was traced is found by its trace, also where none of its callers reports to the replica', async () => {
  const trace = randomBytes(16).toString('hex');
  const body = `6000 00-${trace}-${randomBytes(8).toString('hex')}-01`;
  const wrap = (number: number, bytes: Uint8Array): Buffer => message({ number, bytes });
  const record = wrap(2, wrap(5, message({ number: 1, text: body })));
  const uri = 'spiffe://cluster.local/ns/shop/sa/default';
  const peer = { kind: 'certificate', uri, subject: 'O=shop\nCN=Deployment/lonely' } as const;
  await telemetry.methods.get(logsMethod)?.(peer, wrap(1, wrap(2, record)));
  const port = await listen(
    createServer((_, response) => {
      response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8');
      response.end(`${telemetry.exposition('openmetrics')}# EOF\n`);
    }),
  );
  const own = await startPrometheus({ weft: { path: '/metrics', targets: [`127.0.0.1:${port}`] } });
  try {
    const series = 'weft_mesh_request_duration_seconds_bucket{destination_workload="Deployment/lonely"}';
    for (let attempt = 0; ; attempt++) {
      const found = (await own.exemplars(series)).find(({ labels }) => labels['trace_id'] === trace);
      if (found !== undefined) {
        assert.equal(Number(found.value), 0.006);
        break;
      }
      assert.ok(attempt < 200, 'no exemplar within 20 s');
      await sleep(100);
    }
  } finally {
    await own.stop();
  }
});
