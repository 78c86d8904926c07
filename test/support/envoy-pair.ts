/**
 * A client's sidecar and a server's, as two real Envoys with the listeners that the translation gives them: client
 * application -> client's Envoy -> mutual TLS -> server's Envoy -> server application. What comes by ADS is put in place, and
 * what redirection does is done by ports: the test calls the client's listener, the server's hands to the application.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@bufbuild/protobuf';
import { ensureBinary } from '../../dev/cluster/cluster.ts';
import { systemClock } from '../../src/base/clock.ts';
import { identityDirectory, identityFiles, inboundAppCluster } from '../../src/base/names.ts';
import { Authority } from '../../src/ca/authority.ts';
import { createAuthorityMaterial } from '../../src/ca/material.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { pod, podEndpoint, service, slice } from '../../src/mesh/testing-objects.ts';
import { createTestMesh } from '../../src/mesh/testing.ts';
import { createTranslation } from '../../src/xds/translate/translation.ts';
import type { Translation } from '../../src/xds/resource.ts';
import { staticConfiguration } from '../golden/envoy.ts';

export const pairIdentities = {
  client: 'spiffe://cluster.local/ns/shop/sa/client',
  server: 'spiffe://cluster.local/ns/shop/sa/server',
} as const;

/** The Service that the client calls. */
export const pairService = '10.96.0.1:80';

const dayMs = 86_400_000;

export interface PairAnswer {
  readonly status: number;
  /** Of the request, as the application saw it. */
  readonly seen: IncomingHttpHeaders;
}

export class EnvoyPair {
  readonly #directory: string;
  readonly #application: Server;
  readonly #controlPlanePort: number;
  readonly #children: ChildProcess[] = [];
  /** What each Envoy has written to its standard output. */
  readonly output = { client: '', server: '' };
  #clientPort = 0;

  private constructor(directory: string, application: Server, controlPlanePort: number) {
    this.#directory = directory;
    this.#controlPlanePort = controlPlanePort;
    this.#application = application;
  }

  /**
   * @param objects beside the Service, its pod and the client's
   * @param controlPlanePort where both tell what is for the control plane
   */
  static async start(objects: readonly KubeObject[], controlPlanePort = 9): Promise<EnvoyPair> {
    const application = createServer((incoming, response) => {
      response.statusCode = Number(incoming.headers['x-answer'] ?? 200);
      response.end(JSON.stringify(incoming.headers));
    });
    application.listen(0, '127.0.0.1');
    await once(application, 'listening');
    const directory = await mkdtemp(join(tmpdir(), 'weft-pair-'));
    const pair = new EnvoyPair(directory, application, controlPlanePort);
    try {
      await pair.#run(objects);
    } catch (error) {
      await pair.stop();
      throw error;
    }
    return pair;
  }

  /** As the client's application would. */
  async call(path = '/', headers: Record<string, string> = {}): Promise<PairAnswer> {
    const outgoing = request({ host: '127.0.0.1', port: this.#clientPort, path, headers, agent: false });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    return {
      status: response.statusCode ?? 0,
      seen: text.startsWith('{') ? (JSON.parse(text) as IncomingHttpHeaders) : {},
    };
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    this.#application.close();
    this.#application.closeAllConnections();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #run(objects: readonly KubeObject[]): Promise<void> {
    const faults: string[] = [];
    const graph = new Graph({ onError: (error) => faults.push(error.message) });
    const { apply, use, mesh } = createTestMesh(graph);
    const translation = createTranslation(graph, mesh);
    await use('shop/Deployment/client', pairService);
    await use('shop/Deployment/server');
    await apply(
      service('shop/web', '10.96.0.1'),
      pod('shop/client-1', '127.0.0.8', { serviceAccount: 'client', labels: { app: 'client' } }),
      pod('shop/server-1', '127.0.0.9', { serviceAccount: 'server', labels: { app: 'server' } }),
      ...objects,
    );
    const endpoint = (port: number): KubeObject =>
      slice('shop/web', 'web', [podEndpoint('shop/server-1', '127.0.0.1')], [{ name: 'http', port }]);
    await apply(endpoint(1));
    const serverPort = await this.#envoy('server', translation, 'inbound/shop/Deployment/server');
    await apply(endpoint(serverPort));
    this.#clientPort = await this.#envoy('client', translation, `vl/${pairService}`);
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  /** Resolves with the port of the listener. */
  async #envoy(side: 'client' | 'server', translation: Translation, name: string): Promise<number> {
    const directory = join(this.#directory, side);
    const volume = join(directory, 'identity');
    const configuration = staticConfiguration(new Map([['pair', translation]]), onLoopback);
    const resources = configuration['staticResources'] as Record<'listeners' | 'clusters', JsonObject[]>;
    const listeners = resources.listeners.filter(
      ({ name: own }) => typeof own === 'string' && own.startsWith(`pair ${name}`),
    );
    // Variants of the other side's workload.
    const listener = listeners.at(-1);
    if (listener === undefined) throw new Error(`there is no listener ${name}`);
    const { port } = this.#application.address() as AddressInfo;
    const clusters = resources.clusters.map((cluster) => {
      if (cluster['name'] === inboundAppCluster) return leadingTo(inboundAppCluster, port);
      return cluster['name'] === 'xds'
        ? { ...cluster, ...leadingTo('xds', this.#controlPlanePort) }
        : cluster;
    });
    const text = JSON.stringify({
      ...configuration,
      layeredRuntime: { layers: [{ name: 'test', staticLayer: atOnce }] },
      staticResources: { ...resources, listeners: [listener], clusters },
    });
    await writeFiles(volume, identityOf(pairIdentities[side]));
    const path = join(directory, 'envoy.json');
    await writeFile(path, text.replaceAll(identityDirectory, volume));
    const adminFile = join(directory, 'admin');
    const child = spawn(
      await ensureBinary('envoy'),
      [
        '-c',
        path,
        '--admin-address-path',
        adminFile,
        '--use-dynamic-base-id',
        '--concurrency',
        '1',
        '-l',
        'error',
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, OTEL_RESOURCE_ATTRIBUTES: `service.name=${side},k8s.pod.name=${side}-1` },
      },
    );
    child.stdout?.on('data', (chunk: Buffer) => {
      this.output[side] += chunk.toString();
    });
    this.#children.push(child);
    return boundPort(child, adminFile);
  }
}

function leadingTo(name: string, portValue: number): JsonObject {
  const address = { socketAddress: { address: '127.0.0.1', portValue } };
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] },
  };
}

/** Envoy would gather spans for five seconds, and of a hundred requests tell the control plane of one. */
const atOnce: JsonObject = {
  'tracing.opentelemetry.flush_interval_ms': 50,
  'tracing.opentelemetry.min_flush_spans': 1,
  'weft.exemplars': 10_000,
};

/** Neither has redirected connections here. */
function onLoopback(listener: JsonObject): JsonObject {
  const { bindToPort: _, additionalAddresses: __, listenerFilters, ...rest } = listener;
  const filters = ((listenerFilters ?? []) as JsonObject[]).filter(
    ({ name }) => typeof name !== 'string' || !name.includes('original_dst'),
  );
  return {
    ...rest,
    listenerFilters: filters,
    address: { socketAddress: { address: '127.0.0.1', portValue: 0 } },
  };
}

const clock = { ...systemClock, after: () => () => {} };
let authority: Authority | undefined;

function identityOf(uri: string): Readonly<Record<string, string>> {
  const material = createAuthorityMaterial({
    trustDomain: 'cluster.local',
    rootLifetimeMs: 2 * dayMs,
    intermediateLifetimeMs: 2 * dayMs,
    clock,
  });
  authority ??= new Authority(material, clock);
  const leaf = authority.issueServing({ dnsNames: ['pair'], uri, lifetimeMs: dayMs });
  return {
    [identityFiles.key]: leaf.key,
    [identityFiles.chain]: leaf.chain,
    [identityFiles.trust]: authority.trustBundle,
  };
}

async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
}

async function boundPort(child: ChildProcess, adminFile: string): Promise<number> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}`);
    await sleep(50);
    const admin = await readFile(adminFile, 'utf8').catch(() => '');
    if (admin === '') continue;
    const ready = await fetch(`http://${admin}/ready`).catch(() => undefined);
    if (ready?.ok !== true) continue;
    const [line = ''] = (await (await fetch(`http://${admin}/listeners`)).text()).trim().split('\n');
    return Number(line.slice(line.lastIndexOf(':') + 1));
  }
  throw new Error('Envoy did not become ready in 20 s');
}
