/**
 * The sample shop under its own load, with a split, retries and failures. The load generator pauses, so that nothing is
 * under way, and what it counted between two pauses is held against what every view of the mesh shows of that time.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { metricsPort } from '../../src/base/names.ts';
import type { Report, Total } from '../../dev/sample/lib/tally.ts';
import { shopNamespace, waitForShop } from '../../dev/start/shop.ts';
import { observeBase } from '../../src/base/observe.ts';
import type { TrafficMetrics } from '../../src/telemetry/smi.ts';
import type { TrafficAnswer, TrafficDimension, TrafficRow } from '../../src/telemetry/model.ts';
import { kinds, type Pod, put } from './apps.ts';
import { until } from './harness.ts';
import { openBrowser } from '../support/dashboard/browser.ts';
import { goTo } from '../support/dashboard/watched-page.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { openShop, type Shop } from './shop.ts';

const run = promisify(execFile);
const cli = new URL('../../src/cli/main.ts', import.meta.url).pathname;
/** Long enough for everything since the shop opened. */
const windowSeconds = 3600;
const loadForMs = 30_000;
/** With the ten seconds until its last report well within the half minute that SMI tells of. */
const burstMs = 6_000;
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
  let atFirst: Counts;
  let atLast: Counts;
  const total = (service: string): Total => {
    const [first, last] = [atFirst.load[service], atLast.load[service]];
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
  ): number => sum(rows(atLast), pick, group) - sum(rows(atFirst), pick, group);
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
    atFirst = await pausedCounts();
    await ask('load', '/resume', 'POST');
    await new Promise((resolve) => setTimeout(resolve, loadForMs));
    atLast = await pausedCounts();
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
      const labels = [`service="${key}"`];
      const count = ({ expositions }: Counts): number =>
        exposed(expositions.slice(0, 1), 'envoy_weft_http_client_duration_count', labels);
      within1Percent(count(atLast) - count(atFirst), total(service).calls, 'requests');
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
    within1Percent(requests + retries, atLast.catalogAnswered - atFirst.catalogAnswered, 'attempts');
  });

  test('weft stat shows what the API tells', async () => {
    const { stdout } = await run(process.execPath, [
      cli,
      '--kubeconfig',
      shop.cluster.kubeconfigPath,
      'stat',
      'svc',
      `--namespace=${shopNamespace}`,
      '--from=deploy/load',
      `--window=${windowSeconds}s`,
      '--output=json',
    ]);
    const { rows } = JSON.parse(stdout) as TrafficAnswer;
    const shown = sum(rows, ({ requests }) => requests, { service: 'shop/web:80' });
    const told = sum(atLast.byService, ({ requests }) => requests, { ...fromLoad, service: 'shop/web:80' });
    assert.equal(shown, told);
  });

  test('a real Prometheus that scrapes the control plane sums up to what the API tells', async () => {
    const replicas = await shop.api.list<Pod>(kinds.pod, {
      namespace: 'weft-system',
      labelSelector: 'app.kubernetes.io/name=weft',
    });
    const targets = replicas.map(({ status }) => `${status.podIP ?? ''}:${metricsPort}`);
    const prometheus: Prometheus = await startPrometheus({ weft: { path: '/metrics', targets } });
    try {
      const selector = 'source_workload="Deployment/load",service="shop/web:80"';
      for (const [metric, pick] of [
        ['weft_mesh_requests_total', ({ requests }: TrafficRow) => requests],
        ['weft_mesh_request_failures_total', ({ counts }: TrafficRow) => counts.failures],
      ] as const) {
        const [shown] = await until(`${metric} is scraped from every replica`, async () => {
          const up = await prometheus.query('up == 1');
          const found = await prometheus.query(`sum(${metric}{${selector}})`);
          return up.length === targets.length && found.length === 1 ? found : undefined;
        });
        const told = sum(atLast.byService, pick, { ...fromLoad, service: 'shop/web:80' });
        within1Percent(shown ?? 0, told, metric);
      }
    } finally {
      await prometheus.stop();
    }
  });

  test('the metrics of SMI count a burst as the load generator did', async () => {
    // Nobody else calls web; of its Service, because failures that reached no pod belong to no Deployment.
    const path = `/apis/metrics.smi-spec.io/v1alpha1/namespaces/${shopNamespace}/services/web`;
    const shown = async (): Promise<{ readonly success: number; readonly failure: number }> => {
      const { metrics } = JSON.parse(await raw(path)) as TrafficMetrics;
      const count = (name: string): number =>
        Number(metrics.find((metric) => metric.name === name)?.value ?? 0);
      return { success: count('success_count'), failure: count('failure_count') };
    };
    const [first] = await ask<Report>('load', '/pause', 'POST');
    // SMI tells of the last half minute: nothing of what was before may be left in it.
    await until('SMI tells of nothing', async () => {
      const { success, failure } = await shown();
      return success + failure === 0 ? true : undefined;
    });
    await ask('load', '/resume', 'POST');
    await new Promise((resolve) => setTimeout(resolve, burstMs));
    const [last] = await ask<Report>('load', '/pause', 'POST');
    const difference = (pick: (total: Total) => number): number => {
      const [begin, end] = [first?.totals['web'], last?.totals['web']];
      assert.ok(begin !== undefined && end !== undefined);
      return pick(end) - pick(begin);
    };
    const calls = difference((total) => total.calls);
    let now = await shown();
    // The whole burst is in it for a while, once its last report has come.
    await until(
      `SMI tells of ${calls} calls`,
      async () => {
        now = await shown();
        return now.success + now.failure >= calls * 0.99 ? true : undefined;
      },
      60_000,
      () => JSON.stringify(now),
    );
    within1Percent(now.success + now.failure, calls, 'requests');
    const failures = difference((total) => total.failures);
    assert.ok(Math.abs(now.failure - failures) <= calls / 100, `${now.failure}, and not ${failures}`);
  });

  test('the web page shows the rate of a Service that the load generator has', async () => {
    await ask('load', '/resume', 'POST');
    const proxy = spawn(process.execPath, [
      cli,
      '--kubeconfig',
      shop.cluster.kubeconfigPath,
      'dashboard',
      '--no-browser',
    ]);
    const browser = await openBrowser();
    try {
      const address = await firstMatch(proxy, /http:\/\/127\.0\.0\.1:\d+\/\S*/);
      const page = await browser.newPage();
      await page.goto(address);
      await goTo(page, `${new URL('/', address).href}#/services`);
      const rate = page.locator('tbody tr', { hasText: 'shop/prices' }).locator('td,th').nth(4);
      let seen = '';
      // The page shows the last minute, which is full of load only after a while.
      await until(
        'the page shows what the load generator sends',
        async () => {
          const [report] = await ask<Report>('load', '/stats?seconds=30');
          const perSecond = (service: string): number =>
            (report?.lines ?? [])
              .filter((line) => line.service === service)
              .reduce((total, line) => total + line.perSecond * line.success, 0);
          // web asks for a price at each of its own requests that reaches it.
          const expected = perSecond('prices') + perSecond('web');
          seen = `${await rate.innerText()}, and not ${expected}`;
          return Math.abs(Number.parseFloat(seen) - expected) <= expected / 100 ? true : undefined;
        },
        150_000,
        () => seen,
      );
    } finally {
      await browser.close();
      proxy.kill('SIGTERM');
    }
  });

  test('a tap on a pod that dies says so and ends, and the next pod is as any other', async () => {
    await ask('load', '/resume', 'POST');
    const [pod] = await podsOf('web');
    const name = pod?.metadata.name ?? '';
    const tap = spawn(process.execPath, [
      cli,
      '--kubeconfig',
      shop.cluster.kubeconfigPath,
      'tap',
      `pod/${name}`,
      `--namespace=${shopNamespace}`,
    ]);
    const ended = once(tap, 'exit');
    let said = '';
    tap.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await firstMatch(tap, /GET/);
    await shop.api.delete(kinds.pod, name, shopNamespace);
    assert.deepEqual(await ended, [0, null], said);
    assert.match(said, new RegExp(`${name} is gone`));
    await waitForShop(shop.api, silent, () => {});
  });

  // That it disturbs no call is what resilience.test.ts shows.
  test('a replica that restarts is a gap that answers name, and counting goes on', async () => {
    const control = (): Promise<readonly Pod[]> =>
      shop.api.list<Pod>(kinds.pod, {
        namespace: 'weft-system',
        labelSelector: 'app.kubernetes.io/name=weft',
      });
    await ask('load', '/resume', 'POST');
    const old = await control();
    await shop.api.delete(kinds.pod, old[0]?.metadata.name ?? '', 'weft-system');
    const fresh = await until('another replica is ready', async () => {
      const found = (await control()).find(
        ({ metadata, status }) =>
          !old.some((each) => each.metadata.name === metadata.name) &&
          status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
      );
      return found?.metadata.name;
    });
    await until('answers name it', async () => {
      const { gaps } = await stat(['service']);
      return gaps.some((gap) => gap.includes(fresh) && gap.includes('counts only since')) ? true : undefined;
    });
    // Until then it answers for what only it knows.
    await until('the old replica is gone', async () =>
      (await control()).some(({ metadata }) => metadata.name === old[0]?.metadata.name) ? undefined : true,
    );
    const requests = async (): Promise<number> =>
      sum((await stat(['service'])).rows, (row) => row.requests, { service: 'shop/prices:9000' });
    const counted = await requests();
    await until('more requests are counted', async () =>
      (await requests()) > counted + 100 ? true : undefined,
    );
  });
});

/** Resolves with the first match in what a program writes; rejects when it ends without one. */
function firstMatch(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let written = '';
    const look = (chunk: Buffer): void => {
      written += chunk.toString();
      const found = pattern.exec(written)?.[0];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', () => reject(new Error(`it ended and had written: ${written}`)));
  });
}
