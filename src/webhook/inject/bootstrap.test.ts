import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileBootstrap, type PodBootstrap } from './bootstrap.ts';
import { testContext } from './testing.ts';

const nothing: PodBootstrap = { clusters: [], routes: [], filters: [] };

interface Parsed {
  readonly dynamic_resources: Record<string, { readonly initial_fetch_timeout?: string }>;
  readonly static_resources: {
    readonly clusters: readonly { readonly name: string; readonly transport_socket?: unknown }[];
    readonly listeners: readonly {
      readonly name: string;
      readonly filter_chains: readonly [{ readonly filters: readonly [{ readonly typed_config: Manager }] }];
    }[];
  };
  readonly overload_manager: {
    readonly resource_monitors: readonly unknown[];
    readonly actions: readonly unknown[];
  };
  readonly admin: { readonly allow_paths: readonly Record<string, string>[] };
}

interface Manager {
  readonly route_config: { readonly virtual_hosts: readonly [{ readonly routes: readonly unknown[] }] };
  readonly http_filters: readonly { readonly name: string }[];
}

function parsed(pod: PodBootstrap, context = testContext()): Parsed {
  return JSON.parse(compileBootstrap(context)(pod).text) as Parsed;
}

function health(bootstrap: Parsed): Manager {
  const listener = bootstrap.static_resources.listeners.find((one) => one.name === 'health');
  assert.ok(listener !== undefined);
  return listener.filter_chains[0].filters[0].typed_config;
}

suite('The bootstrap', () => {
  test('is one line of JSON with no mark left, whatever a pod fills in', () => {
    const full = {
      clusters: [{ name: 'c' }],
      routes: [{ name: 'r1' }, { name: 'r2' }],
      filters: [{ name: 'f' }],
      maxHeapBytes: 1000,
    };
    for (const pod of [
      nothing,
      full,
      { ...nothing, maxHeapBytes: 1 },
      { ...nothing, clusters: full.clusters },
    ]) {
      const { text } = compileBootstrap(testContext())(pod);
      assert.doesNotThrow(() => JSON.parse(text) as unknown);
      assert.doesNotMatch(text, /\\u0000|\n/);
    }
    const { routes } = health(parsed(full)).route_config.virtual_hosts[0];
    assert.deepEqual(routes.slice(-2), full.routes);
    assert.deepEqual(
      health(parsed(full)).http_filters.map((filter) => filter.name),
      ['envoy.filters.http.lua', 'f', 'envoy.filters.http.router'],
    );
    assert.equal(parsed(full).static_resources.clusters.at(-1)?.name, 'c');
  });

  test('is given a second time as a JSON string of exactly the same', () => {
    const pod = { ...nothing, routes: [{ path: 'a"b\\c\u0001ü✓' }] };
    const { text, json } = compileBootstrap(testContext())(pod);
    assert.equal(json, JSON.stringify(text));
  });

  test('never becomes ready without its first configuration', () => {
    const { cds_config: clusters, lds_config: listeners } = parsed(nothing).dynamic_resources;
    assert.deepEqual([clusters?.initial_fetch_timeout, listeners?.initial_fetch_timeout], ['0s', '0s']);
  });

  test('accepts as control plane only who proves to be its service account, in either kind of identity', () => {
    const sds = testContext({ identity: 'sds', trustRoots: 'PEM' });
    for (const context of [testContext(), sds]) {
      const { clusters, listeners } = parsed(nothing, context).static_resources;
      const tls = JSON.stringify(clusters.find((cluster) => cluster.name === 'xds')?.transport_socket);
      const exact = '{"exact":"spiffe://cluster.local/ns/weft-system/sa/weft"}';
      assert.ok(tls.includes(exact));
      const control = JSON.stringify(listeners.find((listener) => listener.name === 'control'));
      assert.ok(control.includes(exact) && control.includes('"require_client_certificate":true'));
    }
  });

  test('lets nobody end the proxy through the admin interface', () => {
    const paths = parsed(nothing).admin.allow_paths.flatMap((rule) => Object.values(rule));
    for (const path of ['/quitquitquit', '/healthcheck/fail', '/cpuprofiler', '/reset_counters']) {
      assert.ok(!paths.some((allowed) => path.startsWith(allowed)), path);
    }
  });

  test('sheds load before it is killed, where there is a memory limit', () => {
    assert.equal(parsed(nothing).overload_manager.actions.length, 0);
    const { resource_monitors: monitors, actions } = parsed({
      ...nothing,
      maxHeapBytes: 77,
    }).overload_manager;
    assert.match(JSON.stringify(monitors), /"max_heap_size_bytes":77/);
    assert.match(JSON.stringify(actions), /shrink_heap.*stop_accepting_requests/);
  });
});
