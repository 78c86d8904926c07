/**
 * The sample shop under its own load, with a split, retries and failures. The load generator pauses, so that nothing is
 * under way, and what it counted between two pauses is held against what every view of the mesh shows of that time.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import type { Report, Total } from '../../dev/sample/lib/tally.ts';
import { shopNamespace, waitForShop } from '../../dev/start/shop.ts';
import { observeBase } from '../../src/base/observe.ts';
import type { TrafficAnswer, TrafficDimension, TrafficRow } from '../../src/telemetry/model.ts';
import { kinds, type Pod, put } from './apps.ts';
import { until } from './harness.ts';
import { openShop, type Shop } from './shop.ts';

const run = promisify(execFile);
const cli = new URL('../../src/cli/main.ts', import.meta.url).pathname;
/** Long enough for everything since the shop opened. */
const windowSeconds = 3600;
const loadForMs = 30_000;
const silent = new AbortController().signal;

let shop: Shop;

async function raw(path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await shop.api.stream(path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const stat = async (
  groupBy: readonly TrafficDimension[],
  filter: Readonly<Record<string, string>> = {},
): Promise<TrafficAnswer> => {
  const query = new URLSearchParams({
    groupBy: groupBy.join(','),
    window: `${windowSeconds}s`,
    ...filter,
  }).toString();
  return JSON.parse(await raw(`${observeBase}/namespaces/${shopNamespace}/stat?${query}`)) as TrafficAnswer;
};

async function podsOf(app: string): Promise<readonly Pod[]> {
  const found = await shop.api.list<Pod>(kinds.pod, {
    namespace: shopNamespace,
    labelSelector: `app=${app}`,
  });
  return found.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

async function ask<T>(app: string, path: string, method = 'GET'): Promise<readonly T[]> {
  const pods = await podsOf(app);
  return Promise.all(
    pods.map(async ({ status }) => {
      const response = await fetch(`http://${status.podIP ?? ''}:8080${path}`, { method });
      return (await response.json()) as T;
    }),
  );
}

/** All that is compared: what the applications counted, and what the mesh shows. */
interface Counts {
  readonly load: Report['totals'];
  /** Requests that catalog answered, retries included. */
  readonly catalogAnswered: number;
  readonly byService: readonly TrafficRow[];
  readonly byVersion: readonly TrafficRow[];
  readonly expositions: readonly string[];
}

/** Nothing is under way, and every proxy has reported what it counted. */
async function pausedCounts(): Promise<Counts> {
  const [report] = await ask<Report>('load', '/pause', 'POST');
  const answered = await ask<{ answered: number }>('catalog', '/counts');
  // Proxies report every ten seconds: what has not changed for longer than that is all there is.
  let last = '';
  let unchangedSince = performance.now();
  const settled = await until(
    'the mesh has heard of everything',
    async () => {
      const [services, versions] = [
        await stat(['source', 'service'], { side: 'client' }),
        await stat(['service', 'destinationVersion'], { side: 'client', from: 'shop/Deployment/load' }),
      ];
      const now = JSON.stringify(
        [services.rows, versions.rows].map((rows) => rows.map(({ counts }) => counts)),
      );
      if (now !== last) {
        last = now;
        unchangedSince = performance.now();
      }
      return performance.now() - unchangedSince > 12_000 ? { services, versions } : undefined;
    },
    60_000,
    () => last,
  );
  const all = (await Promise.all(['load', 'web'].map(podsOf))).flat();
  const expositions = await Promise.all(
    all.map(async ({ status }) => (await fetch(`http://${status.podIP ?? ''}:15021/metrics`)).text()),
  );
  return {
    load: report?.totals ?? {},
    catalogAnswered: answered.reduce((sum, each) => sum + each.answered, 0),
    byService: settled.services.rows,
    byVersion: settled.versions.rows,
    expositions,
  };
}

function sum(
  rows: readonly TrafficRow[],
  pick: (row: TrafficRow) => number,
  group: TrafficRow['group'],
): number {
  return rows
    .filter((row) =>
      Object.entries(group).every(([name, value]) => row.group[name as TrafficDimension] === value),
    )
    .reduce((total, row) => total + pick(row), 0);
}

/** Sum of a counter or of a histogram's count over the lines that have all these labels. */
function exposed(expositions: readonly string[], metric: string, labels: readonly string[]): number {
  return expositions
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.startsWith(`${metric}{`) && labels.every((label) => line.includes(label)))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function within1Percent(actual: number, expected: number, what: string): void {
  assert.ok(expected > 0, `${what}: nothing was counted by the application`);
  assert.ok(Math.abs(actual - expected) <= expected / 100, `${what}: ${actual}, and not ${expected}`);
}

const httpRoute = (name: string, rule: Readonly<Record<string, unknown>>): Promise<unknown> =>
  put(shop.api, kinds.httpRoute, {
    metadata: { name, namespace: shopNamespace },
    spec: { parentRefs: [{ group: '', kind: 'Service', name, port: 80 }], rules: [rule] },
  });

suite('observability', () => {
  let before_: Counts;
  let after_: Counts;
  const total = (service: string): Total => {
    const [first, last] = [before_.load[service], after_.load[service]];
    assert.ok(last !== undefined, `the load generator called ${service}`);
    const versions = Object.fromEntries(
      Object.entries(last.versions).map(([version, calls]) => [
        version,
        calls - (first?.versions[version] ?? 0),
      ]),
    );
    return {
      calls: last.calls - (first?.calls ?? 0),
      failures: last.failures - (first?.failures ?? 0),
      versions,
    };
  };
  const difference = (
    pick: (row: TrafficRow) => number,
    group: TrafficRow['group'],
    rows: (counts: Counts) => readonly TrafficRow[] = ({ byService }) => byService,
  ): number => sum(rows(after_), pick, group) - sum(rows(before_), pick, group);
  const fromLoad = { source: 'shop/Deployment/load' } as const;

  before(async () => {
    shop = await openShop();
    await put(shop.api, kinds.deployment, {
      metadata: { name: 'catalog-v2', namespace: shopNamespace },
      spec: {
        template: { spec: { containers: [{ name: 'catalog', env: [{ name: 'FAIL_EVERY', value: '4' }] }] } },
      },
    });
    await httpRoute('catalog', {
      backendRefs: [
        { name: 'catalog-v1', port: 80, weight: 60 },
        { name: 'catalog-v2', port: 80, weight: 40 },
      ],
      retry: { codes: [503], attempts: 3 },
    });
    await httpRoute('web', {
      backendRefs: [
        { name: 'web', port: 80, weight: 90 },
        { name: 'missing', port: 80, weight: 10 },
      ],
    });
    await waitForShop(shop.api, silent, () => {});
    before_ = await pausedCounts();
    await ask('load', '/resume', 'POST');
    await new Promise((resolve) => setTimeout(resolve, loadForMs));
    after_ = await pausedCounts();
  });
  after(async () => {
    await shop.close();
  });

  for (const [service, key] of [
    ['web', 'shop/web:80'],
    ['catalog', 'shop/catalog:80'],
    ['prices', 'shop/prices:9000'],
    ['ticker', 'shop/ticker:80'],
  ] as const) {
    test(`requests to ${service} are as many as the load generator made, and so are the failures`, () => {
      const { calls, failures } = total(service);
      const group = { ...fromLoad, service: key };
      within1Percent(
        difference(({ requests }) => requests, group),
        calls,
        'requests',
      );
      const failed = difference(({ counts }) => counts.failures, group);
      assert.ok(Math.abs(failed - failures) <= calls / 100, `failures: ${failed}, and not ${failures}`);
    });

    test(`the exposition of the caller's proxy agrees on ${service}`, () => {
      const labels = ['side="client"', `service="${key}"`];
      const count = ({ expositions }: Counts): number =>
        exposed(expositions.slice(0, 1), 'envoy_weft_http_duration_count', labels);
      within1Percent(count(after_) - count(before_), total(service).calls, 'requests');
    });
  }

  for (const service of ['ledger', 'greeter'] as const) {
    test(`connections to ${service} are as many as the load generator opened`, () => {
      const group = { ...fromLoad, service: service === 'ledger' ? 'shop/ledger:7000' : 'shop/greeter:2525' };
      within1Percent(
        difference(({ counts }) => counts.connectionsOpened, group),
        total(service).calls,
        'opened',
      );
      within1Percent(
        difference(({ counts }) => counts.connectionsClosed, group),
        total(service).calls,
        'closed',
      );
    });
  }

  test('failures are there to be counted', () => {
    assert.ok(total('web').failures > 0);
  });

  test('a split is shown as the versions that answered', () => {
    const { versions } = total('catalog');
    for (const version of ['v1', 'v2']) {
      const shown = difference(
        ({ requests }) => requests,
        { service: 'shop/catalog:80', destinationVersion: version },
        ({ byVersion }) => byVersion,
      );
      within1Percent(shown, versions[version] ?? 0, version);
    }
  });

  test('retries are as many as the application was asked more often than its clients asked', () => {
    const group = { service: 'shop/catalog:80' } as const;
    const requests = difference((row) => row.requests, group);
    const retries = difference(({ counts }) => counts.retries, group);
    assert.ok(retries > 0);
    within1Percent(requests + retries, after_.catalogAnswered - before_.catalogAnswered, 'attempts');
  });

  test('weft stat shows what the API tells', async () => {
    const { stdout } = await run(process.execPath, [
      cli,
      '--kubeconfig',
      shop.cluster.kubeconfigPath,
      ...['stat', 'svc', '-n', shopNamespace, '--from', 'deploy/load', '--window', `${windowSeconds}s`],
      ...['-o', 'json'],
    ]);
    const { rows } = JSON.parse(stdout) as TrafficAnswer;
    const shown = sum(rows, ({ requests }) => requests, { service: 'shop/web:80' });
    const told = sum(after_.byService, ({ requests }) => requests, { ...fromLoad, service: 'shop/web:80' });
    assert.equal(shown, told);
  });
});
