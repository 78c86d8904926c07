/**
 * Real Envoys with what was translated for them and what the webhook's bootstrap says of reports, on loopback and
 * without packet rules: where the kubelet's redirect would find a listener, tests call its port. What each reports is
 * added up here as the control plane would get it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { ensureBinary } from '../../dev/cluster/binaries.ts';
import {
  identityDirectory,
  identityFiles,
  inboundAppCluster,
  passthroughCluster,
} from '../../src/base/names.ts';
import type { WorkloadSubject } from '../../src/base/signals.ts';
import type { Authority } from '../../src/ca/authority.ts';
import { readMetrics, tagNames } from '../../src/telemetry/otlp-metrics.ts';
import { statsMatcher } from '../../src/webhook/inject/bootstrap-stats.ts';
import { histogramBuckets, reporting } from '../../src/webhook/inject/bootstrap-telemetry.ts';
import type { Translation } from '../../src/xds/resource.ts';
import { staticConfiguration } from '../golden/envoy.ts';

const trustDomain = 'cluster.local';
const lifetimeMs = 3_600_000;

/** One series, all reports together. */
export interface Series {
  readonly metric: string;
  /** Those that are not empty. */
  readonly tags: Readonly<Record<string, string>>;
  /** Of a counter its sum, of a histogram its count. */
  readonly total: number;
  readonly buckets: readonly number[];
}

export interface ReportingProxyOptions {
  readonly translation: Translation;
  /** Listeners of these prefixes are there. */
  readonly listeners: readonly string[];
  readonly authority: Authority;
  /** As whom it is certified; the service account is `default`. */
  readonly subject: WorkloadSubject;
  /** Where its own application listens. */
  readonly applicationPort?: number;
  /** Where all connections to outside of the mesh end. */
  readonly outsidePort?: number;
  readonly concurrency?: number;
  /** Without, everything but reports and what is counted for them: what these cost shows in the difference. */
  readonly telemetry?: boolean;
  /** Told of each report. */
  readonly onReport?: (message: Buffer) => void;
  /** By default so often that a test need not wait. */
  readonly reportEvery?: string;
  /** How long a series may be without news until it makes room; by default as the bootstrap says. */
  readonly evictAfter?: string;
}

export class ReportingProxy {
  readonly #process: ChildProcess;
  readonly #directory: string;
  readonly #collector: Collector;
  readonly #admin: string;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #log: () => string;

  private constructor(parts: {
    readonly child: ChildProcess;
    readonly directory: string;
    readonly collector: Collector;
    readonly admin: string;
    readonly ports: ReadonlyMap<string, number>;
    readonly log: () => string;
  }) {
    this.#process = parts.child;
    this.#directory = parts.directory;
    this.#collector = parts.collector;
    this.#admin = parts.admin;
    this.#ports = parts.ports;
    this.#log = parts.log;
  }

  static async start(options: ReportingProxyOptions): Promise<ReportingProxy> {
    const directory = await mkdtemp(join(tmpdir(), 'weft-reporting-'));
    const collector = await Collector.start(options.onReport);
    const volume = join(directory, 'identity');
    await writeIdentity(volume, options);
    const file = join(directory, 'envoy.json');
    const text = JSON.stringify(configuration(options, collector.port)).replaceAll(identityDirectory, volume);
    await writeFile(file, text);
    const adminFile = join(directory, 'admin');
    const flags = [
      '--use-dynamic-base-id',
      '--concurrency',
      String(options.concurrency ?? 1),
      '-l',
      'warning',
    ];
    const child = spawn(
      await ensureBinary('envoy'),
      ['-c', file, '--admin-address-path', adminFile, ...flags],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    const admin = await untilReady(child, adminFile, () => log);
    const ports = await boundPorts(admin);
    return new ReportingProxy({ child, directory, collector, admin, ports, log: () => log });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get log(): string {
    return this.#log();
  }

  /** Reports so far, and their bytes. */
  get reports(): { readonly count: number; readonly bytes: number } {
    return { count: this.#collector.count, bytes: this.#collector.bytes };
  }

  portOf(listener: string): number {
    const port = this.#ports.get(`proxy ${listener}`);
    if (port === undefined)
      throw new Error(`there is no listener ${listener}: ${[...this.#ports.keys()].join()}`);
    return port;
  }

  /** Address of the admin interface, which Prometheus is led to on the proxy's health port. */
  get admin(): string {
    return this.#admin;
  }

  async stat(name: string): Promise<number> {
    const text = await (
      await fetch(`http://${this.#admin}/stats?filter=^${name.replaceAll('.', '\\.')}$`)
    ).text();
    return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
  }

  /** What Prometheus reads of a counter of its own. */
  async exposed(metric: string): Promise<readonly Pick<Series, 'tags' | 'total'>[]> {
    const text = await (await fetch(`http://${this.#admin}/stats/prometheus?filter=^weft`)).text();
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${metric}{`))
      .map((line) => ({
        total: Number(line.slice(line.lastIndexOf(' '))),
        tags: Object.fromEntries(
          [...line.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(([, name = '', value = '']) => [name, value]),
        ),
      }));
  }

  series(metric: string): readonly Series[] {
    return this.#collector.series(metric);
  }

  /** Settles when `done` holds of the series of a metric, and fails after a while with what was there instead. */
  async until(metric: string, done: (series: readonly Series[]) => boolean): Promise<readonly Series[]> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const series = this.series(metric);
      if (done(series)) return series;
      await sleep(50);
    }
    const seen = this.series(metric).map(({ tags, total }) => `${total} ${JSON.stringify(tags)}`);
    throw new Error(`not reported within 10 s; ${metric} is\n${seen.join('\n')}\n${this.#log()}`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGKILL');
      await once(this.#process, 'exit');
    }
    await this.#collector.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Takes reports and adds their points up. */
class Collector {
  readonly #server: Http2Server = createServer();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #series = new Map<string, { total: number; buckets: number[]; metric: string; tags: string[] }>();
  #onReport: (message: Buffer) => void = () => undefined;
  count = 0;
  bytes = 0;

  static async start(onReport: (message: Buffer) => void = () => undefined): Promise<Collector> {
    const collector = new Collector();
    collector.#onReport = onReport;
    collector.#server.on('session', (session) => {
      collector.#sessions.add(session);
      session.on('close', () => collector.#sessions.delete(session));
    });
    collector.#server.on('stream', (stream) => {
      collector.#take(stream).catch(() => stream.destroy());
    });
    collector.#server.listen(0, '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  series(metric: string): readonly Series[] {
    return [...this.#series.values()]
      .filter((one) => one.metric === metric)
      .map(({ total, buckets, tags }) => ({
        metric,
        total,
        buckets,
        tags: Object.fromEntries(
          tagNames
            .map((name, index) => [name, tags[index] ?? ''] as const)
            .filter(([, value]) => value !== ''),
        ),
      }));
  }

  async #take(stream: ServerHttp2Stream): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    this.count += 1;
    this.bytes += body.length;
    this.#onReport(body.subarray(5));
    readMetrics(body.subarray(5), (point) => {
      const key = JSON.stringify([point.metric, point.tags]);
      let series = this.#series.get(key);
      if (series === undefined) {
        series = { metric: point.metric, tags: [...point.tags], total: 0, buckets: [] };
        this.#series.set(key, series);
      }
      series.total += point.kind === 'histogram' ? point.count : point.value;
      if (point.kind === 'histogram') {
        for (const [index, count] of point.buckets.entries()) {
          series.buckets[index] = (series.buckets[index] ?? 0) + count;
        }
      }
    });
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function writeIdentity(volume: string, { authority, subject }: ReportingProxyOptions): Promise<void> {
  const identity = `spiffe://${trustDomain}/ns/${subject.namespace}/sa/default`;
  const { key, chain } = authority.issueWorkloadWithKey({ identity, subject, lifetimeMs });
  await mkdir(volume);
  await writeFile(join(volume, identityFiles.key), key);
  await writeFile(join(volume, identityFiles.chain), chain);
  await writeFile(join(volume, identityFiles.trust), authority.trustBundle);
}

function configuration(options: ReportingProxyOptions, collectorPort: number): JsonObject {
  const whole = staticConfiguration(new Map([['proxy', options.translation]]), toLoopback);
  const { listeners, clusters, ...rest } = whole['staticResources'] as Record<string, { name: string }[]>;
  const chosen = (listeners ?? []).filter(({ name }) =>
    options.listeners.some((prefix) => name.startsWith(`proxy ${prefix}`)),
  );
  const places: Readonly<Record<string, number | undefined>> = {
    xds: collectorPort,
    [inboundAppCluster]: options.applicationPort,
    [passthroughCluster]: options.outsidePort,
  };
  const isCounting = options.telemetry !== false;
  return {
    ...whole,
    dynamicResources: {},
    ...(isCounting ? (reporting as JsonObject) : {}),
    stats_flush_interval: options.reportEvery ?? '0.5s',
    ...(isCounting && options.evictAfter !== undefined
      ? { stats_eviction_interval: options.evictAfter }
      : {}),
    stats_config: {
      stats_matcher: statsMatcher as JsonObject,
      ...(isCounting ? (histogramBuckets as JsonObject) : {}),
    },
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } },
    staticResources: {
      ...(rest as JsonObject),
      listeners: (isCounting ? chosen : chosen.map(withoutLogs)) as JsonValue,
      clusters: (clusters ?? []).map((cluster) =>
        atPort(withOwnName(cluster), places[cluster.name]),
      ) as JsonValue,
    },
  };
}

function withoutLogs(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutLogs);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([field]) => field !== 'accessLog' && field !== 'accessLogOptions',
  );
  return Object.fromEntries(kept.map(([field, content]) => [field, withoutLogs(content)]));
}

/** In statistics a cluster has the name that it has in a proxy. */
function withOwnName<C extends { readonly name: string }>(cluster: C): C {
  return { altStatName: cluster.name.replace(/^proxy /, ''), ...cluster };
}

/** The cluster with its only endpoint at a port of loopback. */
function atPort(cluster: { readonly name: string }, port: number | undefined): object {
  if (port === undefined) return cluster;
  const address = { socketAddress: { address: '127.0.0.1', portValue: port } };
  return {
    ...cluster,
    type: 'STATIC',
    lbPolicy: 'ROUND_ROBIN',
    loadAssignment: { clusterName: cluster.name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] },
    ...(cluster.name === inboundAppCluster ? { typedExtensionProtocolOptions: asTheCallerSpeaks } : {}),
  };
}

const httpOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const asTheCallerSpeaks = {
  [httpOptions]: {
    '@type': `type.googleapis.com/${httpOptions}`,
    useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
  },
};

/** A listener at a port of its own choice on loopback. */
function toLoopback(listener: JsonObject): JsonObject {
  if (listener['internalListener'] !== undefined) return listener;
  const { bindToPort: _, useOriginalDst: __, additionalAddresses: ___, freebind: ____, ...rest } = listener;
  return { ...rest, address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } };
}

async function untilReady(child: ChildProcess, adminFile: string, log: () => string): Promise<string> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${log()}`);
    await sleep(50);
    const admin = await readFile(adminFile, 'utf8').catch(() => '');
    const ready = admin === '' ? undefined : await fetch(`http://${admin}/ready`).catch(() => undefined);
    if (ready?.ok === true) return admin;
  }
  throw new Error(`Envoy did not become ready in 30 s:\n${log()}`);
}

async function boundPorts(admin: string): Promise<ReadonlyMap<string, number>> {
  const lines = (await (await fetch(`http://${admin}/listeners`)).text()).trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [name = '', address = ''] = line.split('::');
      return [name, Number(address.slice(address.lastIndexOf(':') + 1))];
    }),
  );
}
