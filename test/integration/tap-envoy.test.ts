/**
 * Live requests of a real Envoy with the configuration that the translation gives it: logs over mutual TLS to the real
 * intake, switched on and off in the running proxy.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text as readAll } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silent } from '../../src/base/log.ts';
import { tapLogMethod } from '../../src/base/tap.ts';
import type { Source } from '../../src/graph/types.ts';
import type { MeshPod } from '../../src/mesh/model.ts';
import { routeOf } from '../../src/mesh/routes/testing.ts';
import type { ProxyQuestion } from '../../src/telemetry/control-port.ts';
import { Ends } from '../../src/telemetry/ends.ts';
import type { TapEvent, TapLine } from '../../src/telemetry/model.ts';
import type { TapSpec } from '../../src/telemetry/tap-filter.ts';
import { TapHub } from '../../src/telemetry/tap-hub.ts';
import { tapIntake, type TapIntakeOptions } from '../../src/telemetry/tap-intake.ts';
import { TapSwitch } from '../../src/telemetry/tap-switch.ts';
import { type PeerLine, Taps } from '../../src/telemetry/taps.ts';
import type { StreamMethod } from '../../src/xds/server/server.ts';
import { MeshProxy } from '../support/mesh-proxy.ts';
import { identityIn } from '../support/xds-fixture.ts';

const gatewayKey = 'infra/web-1';
const gatewayPod: MeshPod = {
  namespace: 'infra',
  name: 'web-1',
  uid: 'uid-1',
  addresses: ['127.0.0.1'],
  serviceAccount: 'default',
  workload: 'infra/Gateway/web',
  zone: '',
  labels: {},
  meshed: true,
  version: '',
  ready: true,
  terminating: false,
  createdAt: '2026-01-01T00:00:00Z',
};
const spec: TapSpec = { target: 'infra/Gateway/web', maxPerSecond: 1_000 };
const parents = [{ name: 'web', namespace: 'infra' }];

/** One replica of the control plane, as far as taps are concerned. */
interface Replica {
  readonly name: string;
  readonly hub: TapHub;
  readonly taps: Taps<Replica>;
  readonly intake: StreamMethod;
}

describe('a tap on a gateway', () => {
  let proxy: MeshProxy;
  let pods: Source<MeshPod>;
  let replicas: readonly Replica[] = [];
  /** The replica that the proxy's log arrives at. */
  let receiving: Replica;
  let denied = false;
  const identify: TapIntakeOptions['identify'] = (peer, nodeId) => {
    const [namespace = '', name = ''] = nodeId.split('/');
    const identity = identityIn(namespace);
    if (peer.kind !== 'certificate' || peer.uri !== identity) return Promise.reject(new Error('not its own'));
    return Promise.resolve({ key: `${namespace}/${name}`, identity });
  };

  const replica = (name: string): Replica => {
    const controlPort = {
      ask: async (_: unknown, { path, method }: { readonly path: string; readonly method?: string }) => ({
        status: 200,
        body: await proxy.gatewayEnvoy.admin(path, method),
      }),
      open: async (_: unknown, { path, method = 'GET', body, signal }: ProxyQuestion) => {
        const port = proxy.gatewayEnvoy.adminPort;
        const outgoing = request({
          host: '127.0.0.1',
          port,
          path,
          method,
          ...(signal === undefined ? {} : { signal }),
        });
        outgoing.on('error', () => undefined);
        outgoing.end(body);
        const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
        if (response.statusCode === 200) return response;
        throw new Error(`it answered ${response.statusCode}: ${await readAll(response)}`);
      },
    };
    const power = new TapSwitch({ controlPort, trustDomain: () => 'cluster.local', log: silent });
    const hub = new TapHub({ pods, clock: systemClock, switchOff: (pod) => void power.off(pod) });
    const names = {
      ends: new Ends(),
      pod: (key: string) => pods.get(key),
      podAt: () => undefined,
      serviceAt: () => undefined,
      trustDomain: () => 'cluster.local',
    };
    const taps = new Taps<Replica>({
      hub,
      power,
      pods,
      denies: () => denied,
      others: () => replicas.filter((other) => other.name !== name),
      follow: (other, wanted, signal): AsyncIterable<PeerLine> => other.taps.forPeer(wanted, signal),
      clock: systemClock,
    });
    return { name, hub, taps, intake: tapIntake({ hub, names, identify }) };
  };

  before(async () => {
    const streams = new Map<string, StreamMethod>([[tapLogMethod, (peer) => receiving.intake(peer)]]);
    proxy = await MeshProxy.start(undefined, streams);
    pods = proxy.graph.source<MeshPod>('test/pods');
    pods.set(gatewayKey, gatewayPod);
    replicas = [replica('weft-a'), replica('weft-b')];
    receiving = replicas[0] ?? assert.fail();
    await proxy.world.apply(
      routeOf('HTTPRoute', 'shop/web', {
        parents,
        hostnames: ['web.example.com'],
        rules: [{ name: 'all', backendRefs: [{ name: 'web', port: 80 }] }],
      }),
    );
    await proxy.atRest();
  });

  after(async () => {
    await proxy.close();
  });

  const isOn = async (): Promise<boolean> =>
    /"weft\.tap"[^}]*"final_value": ?"100"/s.test(await proxy.gatewayEnvoy.admin('/runtime'));

  /** Collects lines until the tap ends. */
  const tap = (at: Replica, wanted: TapSpec = spec) => {
    const end = new AbortController();
    const lines: TapLine[] = [];
    const done = (async () => {
      for await (const line of at.taps.open(wanted, end.signal)) lines.push(line);
    })();
    return {
      lines,
      events: () => lines.filter((line): line is TapEvent => !('notice' in line)),
      close: async () => {
        end.abort();
        await done;
      },
    };
  };

  const until = (what: string, condition: () => boolean | Promise<boolean>): Promise<void> =>
    proxy.gatewayEnvoy.until(what, async () => condition());

  test('logs nothing while nobody looks', async () => {
    assert.equal((await proxy.get('web.example.com', '/unseen')).status, 200);
    assert.equal(await isOn(), false);
    assert.doesNotMatch(await proxy.gatewayEnvoy.admin('/stats?filter=access_logs'), /logs_written: [1-9]/);
  });

  test('shows each request once, with times, ends, route and status, and ends without a trace', async () => {
    const [a] = replicas;
    const open = tap(a ?? assert.fail());
    await until('the log is on', isOn);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = Date.now();
    assert.equal((await proxy.get('web.example.com', '/cart?item=1', agent)).status, 200);
    assert.equal((await proxy.get('nowhere.example.com', '/lost', agent)).status, 404);
    await until('both are shown', () => open.events().length === 2);
    const [first, second] = open.events();
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.pod, gatewayKey);
    assert.equal(first.side, 'client');
    assert.deepEqual(first.source, { kind: 'gateway', namespace: 'infra', name: 'Gateway/web', version: '' });
    assert.equal(first.service, 'shop/web:80');
    assert.equal(first.route, 'shop/web/all');
    assert.deepEqual([first.method, first.authority, first.path], ['GET', 'web.example.com', '/cart?item=1']);
    assert.deepEqual([first.status, first.flags, first.attempts], [200, [], 1]);
    assert.equal(first.protocol, 'http/1.1');
    assert.ok(
      first.durationMs > 0 && (first.upstreamMs ?? 0) > 0 && first.durationMs >= (first.upstreamMs ?? 0),
    );
    assert.ok(Math.abs(Date.parse(first.at) - before) < 60_000);
    assert.match(first.requestId, /^[0-9a-f-]{36}$/);
    assert.equal(first.bytesSent, 'web'.length);
    assert.equal(second.status, 404);
    assert.deepEqual(second.flags, ['NR: no route matches']);
    // The same connection served both, so that no listener was changed to see them.
    const socketsBefore = Object.keys(agent.sockets).length + Object.keys(agent.freeSockets).length;
    await open.close();
    assert.equal(await isOn(), false);
    assert.equal((await proxy.get('web.example.com', '/after', agent)).status, 200);
    assert.equal(Object.keys(agent.sockets).length + Object.keys(agent.freeSockets).length, socketsBefore);
    assert.equal(await proxy.gatewayEnvoy.stat('listener_manager.total_listeners_draining'), 0);
    agent.destroy();
    assert.equal(open.events().length, 2);
  });

  test('is seen at the replica that asks, whichever replica the log arrives at, and two at once each see their own', async () => {
    const [a, b] = replicas;
    const all = tap(b ?? assert.fail());
    const errors = tap(a ?? assert.fail(), { ...spec, status: '4xx' });
    await until('both listen at both', () => replicas.every(({ hub }) => hub.size === 2));
    await until('the log is on', isOn);
    await proxy.get('web.example.com', '/one');
    await proxy.get('nowhere.example.com', '/two');
    await until('both are shown', () => all.events().length === 2 && errors.events().length === 1);
    assert.deepEqual(
      all.events().map(({ path }) => path),
      ['/one', '/two'],
    );
    await all.close();
    assert.equal(await isOn(), true, 'the other tap is still open');
    await errors.close();
    assert.equal(await isOn(), false);
    assert.deepEqual(
      replicas.map(({ hub }) => hub.size),
      [0, 0],
    );
  });

  test('lets no more through than was asked for, and tells how many it left out', async () => {
    const open = tap(replicas[0] ?? assert.fail(), { ...spec, maxPerSecond: 2 });
    await until('the log is on', isOn);
    for (let count = 0; count < 10; count++) await proxy.get('web.example.com', '/many');
    const dropped = (): number =>
      open.lines.reduce((sum, line) => sum + ('notice' in line ? (line.dropped ?? 0) : 0), 0);
    await until('all are accounted for', () => open.events().length + dropped() === 10);
    assert.ok(dropped() >= 5);
    await open.close();
  });

  const send = async (path: string, headers: Record<string, string>, body: string): Promise<void> => {
    const outgoing = request({
      host: '127.0.0.1',
      port: proxy.ports.http,
      path,
      method: 'POST',
      headers: { host: 'web.example.com', ...headers },
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    await readAll(response);
  };

  test('shows headers and bodies where they are asked for, each with its own request', async () => {
    const content = { headers: true, secrets: false, bodies: true };
    const open = tap(replicas[0] ?? assert.fail(), { ...spec, content });
    await until('the tap stands', () => open.lines.length > 0);
    await until(
      'contents are read',
      async () => (await proxy.gatewayEnvoy.stat('http.admin.downstream_rq_active')) > 1,
    );
    await send('/order', { 'x-color': 'red', authorization: 'Bearer hidden' }, 'first body');
    await send('/order', { 'x-color': 'blue', cookie: 'a=b' }, 'second body');
    await until('both are shown', () => open.events().length === 2);
    const shown = open.events().toSorted((a, b) => (a.at < b.at ? -1 : 1));
    assert.deepEqual(
      shown.map(({ requestHeaders, requestBody, responseBody }) => [
        requestHeaders?.['x-color'],
        requestBody,
        responseBody,
      ]),
      [
        ['red', 'first body', 'web'],
        ['blue', 'second body', 'web'],
      ],
    );
    assert.equal(shown[0]?.requestHeaders?.['authorization'], '[hidden]');
    assert.equal(shown[1]?.requestHeaders?.['cookie'], '[hidden]');
    assert.doesNotMatch(JSON.stringify(open.lines), /Bearer hidden|a=b/);
    const other = tap(replicas[1] ?? assert.fail(), { ...spec, content });
    await until('the second is told', () => JSON.stringify(other.lines).includes('somebody else is looking'));
    await other.close();
    await open.close();
  });

  test('shows only requests with a header, where one is named', async () => {
    const match = { name: 'x-color', value: 'red' };
    const content = { headers: false, secrets: false, bodies: false, match };
    const open = tap(replicas[0] ?? assert.fail(), { ...spec, content });
    await until('the tap stands', () => open.lines.length > 0);
    await until(
      'contents are read',
      async () => (await proxy.gatewayEnvoy.stat('http.admin.downstream_rq_active')) > 1,
    );
    await send('/blue', { 'x-color': 'blue' }, '');
    await send('/red', { 'x-color': 'red' }, '');
    await until('one is shown', () => open.events().length === 1);
    assert.equal(open.events()[0]?.path, '/red');
    assert.equal(open.events()[0]?.requestHeaders, undefined);
    await open.close();
  });

  test('that was left on by a replica which died is switched off by the first entry that nobody wants', async () => {
    await proxy.gatewayEnvoy.admin('/runtime_modify?weft.tap=100', 'POST');
    receiving = replicas[1] ?? assert.fail();
    await proxy.get('web.example.com', '/forgotten');
    await until('it is off', async () => !(await isOn()));
  });

  test('shows nothing of pods whose requests a policy denies to show, and says so', async () => {
    denied = true;
    const open = tap(replicas[0] ?? assert.fail());
    await until('it is told', () => JSON.stringify(open.lines).includes('a TelemetryPolicy denies it'));
    assert.equal(await isOn(), false);
    denied = false;
    await open.close();
  });

  test('says when a pod is gone, and ends where it was the only one', async () => {
    const end = new AbortController();
    const lines: TapLine[] = [];
    const at = replicas[0] ?? assert.fail();
    const done = (async () => {
      const wanted = { ...spec, target: 'infra/Pod/web-1' };
      for await (const line of at.taps.open(wanted, end.signal)) lines.push(line);
    })();
    await until('the log is on', isOn);
    pods.delete(gatewayKey);
    await done;
    assert.match(JSON.stringify(lines.at(-1)), /Pod infra\/web-1 is gone/);
    pods.set(gatewayKey, gatewayPod);
    await proxy.graph.settled();
  });
});
