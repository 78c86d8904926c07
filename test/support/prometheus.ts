/** A real Prometheus of a test's own, on loopback, that scrapes what it is told. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePrometheus } from '../../dev/prometheus.ts';
import { freePort } from './ports.ts';

export interface ScrapeJob {
  readonly path: string;
  /** `host:port` */
  readonly targets: readonly string[];
}

export interface FoundExemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

export interface Prometheus {
  /** `host:port` of its HTTP API. */
  readonly address: string;
  /** An instant query: the value of each series of the vector. */
  query(expression: string): Promise<readonly number[]>;
  /** The exemplars of the last hour of the series in the expression. */
  exemplars(expression: string): Promise<readonly FoundExemplar[]>;
  stop(): Promise<void>;
}

export async function startPrometheus(jobs: Readonly<Record<string, ScrapeJob>>): Promise<Prometheus> {
  const program = await ensurePrometheus(console.error);
  const directory = await mkdtemp(join(tmpdir(), 'weft-prometheus-'));
  const scrape_configs = Object.entries(jobs).map(([name, { path, targets }]) => ({
    job_name: name,
    metrics_path: path,
    static_configs: [{ targets }],
  }));
  const file = join(directory, 'prometheus.yml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ global: { scrape_interval: '500ms' }, scrape_configs }));
  const address = `127.0.0.1:${await freePort()}`;
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${directory}/data`,
    `--web.listen-address=${address}`,
    '--enable-feature=exemplar-storage',
  ];
  const child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'ignore'] });
  for (let attempt = 0; ; attempt++) {
    if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}`);
    const ready = await fetch(`http://${address}/-/ready`).catch(() => undefined);
    if (ready?.ok === true) break;
    if (attempt === 300) throw new Error('Prometheus did not become ready in 30 s');
    await sleep(100);
  }
  return {
    address,
    async query(expression) {
      const response = await fetch(
        `http://${address}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`,
      );
      const { data, error } = (await response.json()) as {
        data?: { result: readonly { value: readonly [number, string] }[] };
        error?: string;
      };
      if (data === undefined) throw new Error(`${expression}: ${error}`);
      return data.result.map(({ value }) => Number(value[1]));
    },
    async exemplars(expression) {
      const now = Date.now() / 1_000;
      const range = { query: expression, start: String(now - 3_600), end: String(now + 60) };
      const parameters = new URLSearchParams(range).toString();
      const response = await fetch(`http://${address}/api/v1/query_exemplars?${parameters}`);
      const { data = [] } = (await response.json()) as {
        data?: readonly { readonly exemplars: readonly FoundExemplar[] }[];
      };
      return data.flatMap(({ exemplars }) => exemplars);
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
