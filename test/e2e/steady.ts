/** A small load between two meshed pods that runs beside a test, to prove that nothing else is disturbed by it. */

import assert from 'node:assert/strict';
import { type App, createNamespace, createService, deployApp, type RunningLoad } from './apps.ts';
import { sumOf } from './evidence.ts';
import { type TestMesh, until } from './harness.ts';

const perSecond = 50;

export class Steady {
  readonly client: App;
  readonly server: App;
  readonly #load: RunningLoad;

  private constructor(client: App, server: App, load: RunningLoad) {
    this.client = client;
    this.server = server;
    this.#load = load;
  }

  /** In a namespace of its own, which is created. */
  static async start(mesh: TestMesh, namespace: string): Promise<Steady> {
    await createNamespace(mesh.api, namespace, true);
    await createService(mesh.api, namespace, 'steady-server');
    const [client, server] = await Promise.all([
      deployApp(mesh, namespace, { name: 'steady-client' }),
      deployApp(mesh, namespace, { name: 'steady-server' }),
    ]);
    const call = { kind: 'http', url: 'http://steady-server/' } as const;
    await until('calls succeed', async () => ((await client.call(call)).ok ? true : undefined));
    return new Steady(client, server, await client.startLoad(call, perSecond));
  }

  /** Waits for requests that begin after this moment, and expects that none has failed since the start. */
  async undisturbed(): Promise<void> {
    const begun = (await this.#load.report()).sent;
    const report = await until('the load flows on', async () => {
      const now = await this.#load.report();
      return now.done > begun + perSecond / 5 ? now : undefined;
    });
    assert.equal(report.failed, 0, JSON.stringify(report));
  }

  /** Ends the load; expects that every request was answered well. */
  async stop(): Promise<void> {
    const report = await this.#load.stop();
    assert.equal(report.failed, 0, JSON.stringify(report));
    assert.equal(report.done, report.sent);
  }

  /** Streams that the two sidecars have opened to the control plane since they started. */
  async streams(): Promise<number> {
    const pattern = /^envoy_cluster_upstream_rq_total\{.*envoy_cluster_name="xds"/;
    const counts = await Promise.all(
      [this.client, this.server].map(async (app) => sumOf(await app.address(), pattern)),
    );
    const [total, fewest] = [counts.reduce((sum, count) => sum + count, 0), Math.min(...counts)];
    assert.ok(fewest >= 1, 'each sidecar has opened a stream');
    return total;
  }

  /** Pushes of clusters and listeners that the two sidecars have taken since they started. */
  async updates(): Promise<number> {
    const pattern = /^envoy_(cluster_manager_cds|listener_manager_lds)_update_success/;
    const counts = await Promise.all(
      [this.client, this.server].map(async (app) => sumOf(await app.address(), pattern)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
}
