/** A small load between two meshed pods that runs beside a test, to prove that nothing else is disturbed by it. */

import assert from 'node:assert/strict';
import {
  type App,
  appContainer,
  createNamespace,
  createService,
  deployApp,
  kinds,
  type RunningLoad,
} from './apps.ts';
import { weftJson } from './control-plane.ts';
import { sumOf } from './evidence.ts';
import { type TestMesh, until } from './harness.ts';

/** Requests of the load. */
export const steadyPerSecond = 50;

/** Stays ready however busy the machine is: what this load notices is to be a fault of the mesh. */
export function patientContainer(mesh: TestMesh): object {
  const probe = { httpGet: { path: '/status/200', port: 8080 }, periodSeconds: 1 };
  return {
    ...appContainer(mesh.image, 'v1'),
    readinessProbe: { ...probe, timeoutSeconds: 10, failureThreshold: 10 },
  };
}

export class Steady {
  readonly client: App;
  readonly server: App;
  readonly #mesh: TestMesh;
  readonly #load: RunningLoad;

  private constructor(mesh: TestMesh, client: App, server: App, load: RunningLoad) {
    this.#mesh = mesh;
    this.client = client;
    this.server = server;
    this.#load = load;
  }

  /** In a namespace of its own, which is created. */
  static async start(mesh: TestMesh, namespace: string): Promise<Steady> {
    await createNamespace(mesh.api, namespace, true);
    await createService(mesh.api, namespace, 'steady-server');
    const podSpec = { containers: [patientContainer(mesh)] };
    const [client, server] = await Promise.all([
      deployApp(mesh, namespace, { name: 'steady-client', podSpec }),
      deployApp(mesh, namespace, { name: 'steady-server', podSpec }),
    ]);
    const call = { kind: 'http', url: 'http://steady-server/', timeoutMs: 30_000 } as const;
    await until('calls succeed', async () => ((await client.call(call)).ok ? true : undefined));
    return new Steady(mesh, client, server, await client.startLoad(call, steadyPerSecond));
  }

  /** Waits for requests that begin after this moment, and expects that none has failed since the start. */
  async undisturbed(): Promise<void> {
    const begun = (await this.#load.report()).sent;
    const report = await until('the load flows on', async () => {
      const now = await this.#load.report();
      return now.done > begun + steadyPerSecond / 5 ? now : undefined;
    });
    assert.equal(report.failed, 0, JSON.stringify(report));
  }

  /** Ends the load and removes the namespace; expects that every request was answered well. */
  async stop(): Promise<void> {
    const report = await this.#load.stop();
    await this.#mesh.api.delete(kinds.namespace, this.client.namespace);
    assert.equal(report.failed, 0, JSON.stringify(report));
    assert.equal(report.done, report.sent);
  }

  /** What is returned expects that the two sidecars still have the streams to the control plane that they have now. */
  async holdStreams(): Promise<() => Promise<void>> {
    const before = await this.#streamSeconds();
    assert.equal(before.size, 2, 'each sidecar has a stream');
    return async () => {
      for (const [proxy, seconds] of await this.#streamSeconds()) {
        const least = before.get(proxy) ?? Number.POSITIVE_INFINITY;
        // Rounded to seconds.
        assert.ok(
          seconds >= least - 1,
          `${proxy} has another stream, for ${seconds} s, and not for ${least} s`,
        );
      }
    };
  }

  /** Connections that the two sidecars have made to the control plane since they started. */
  async connections(): Promise<number> {
    const pattern = /^envoy_cluster_upstream_cx_total\{.*envoy_cluster_name="xds"/;
    const counts = await Promise.all(
      [this.client, this.server].map(async (app) => sumOf(await app.address(), pattern)),
    );
    const [total, fewest] = [counts.reduce((sum, count) => sum + count, 0), Math.min(...counts)];
    assert.ok(fewest >= 1, 'each sidecar has connected');
    return total;
  }

  /** How long each of the two sidecars has had its stream, as the control plane tells. */
  async #streamSeconds(): Promise<ReadonlyMap<string, number>> {
    const { proxies } = await weftJson<{
      readonly proxies: readonly { readonly proxy: string; readonly connectedSeconds: number }[];
    }>(this.#mesh, 'status');
    const own = proxies.filter(({ proxy }) => proxy.startsWith(`${this.client.namespace}/steady-`));
    return new Map(own.map(({ proxy, connectedSeconds }) => [proxy, connectedSeconds]));
  }

  /**
   * Answers about clusters and listeners that the two sidecars have taken since they started. The clusters of the server
   * do not count: it calls nobody and has none, and a proxy that has none is told so whenever it connects.
   */
  async updates(): Promise<number> {
    const [client, server] = [await this.client.address(), await this.server.address()];
    const clusters = /^envoy_cluster_manager_cds_update_success/;
    const listeners = /^envoy_listener_manager_lds_update_success/;
    const counts = [sumOf(client, clusters), sumOf(client, listeners), sumOf(server, listeners)];
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }
}
