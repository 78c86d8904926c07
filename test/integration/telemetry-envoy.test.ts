/**
 * What a real Envoy reports to the real intake: the configuration that the translation gives it, its reports over mutual
 * TLS, and the answers, which must agree with what its clients have seen, request by request and byte by byte.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { registry } from '../../src/base/metrics.ts';
import { silent } from '../../src/base/log.ts';
import { routeOf } from '../../src/mesh/routes/testing.ts';
import { pod, podEndpoint, service, slice } from '../../src/mesh/testing-objects.ts';
import type { TrafficDimension, TrafficRow } from '../../src/telemetry/model.ts';
import { graphQuery, serviceGraph } from '../../src/telemetry/service-graph.ts';
import { createTelemetry, type Telemetry, type TelemetryMethod } from '../../src/telemetry/telemetry.ts';
import { MeshProxy } from '../support/mesh-proxy.ts';

const windowMs = 600_000;

describe('what a gateway reports', () => {
  let proxy: MeshProxy;
  let telemetry: Telemetry;
  /** Of the replica's clocks, which the test moves so that slots end when it wants. */
  let aheadMs = 0;
  let failuresLeft = 0;
  const closers: (() => void)[] = [];

  before(async () => {
    const later = Promise.withResolvers<Telemetry>();
    const method: TelemetryMethod = async (peer, message) => {
      const [only] = (await later.promise).methods.values();
      if (only === undefined) throw new Error('there is no method');
      return only(peer, message);
    };
    proxy = await MeshProxy.start(
      new Map([['/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', method]]),
    );
    telemetry = createTelemetry({
      replica: 'weft-0',
      pods: proxy.world.mesh.pods,
      servicePorts: proxy.world.mesh.servicePorts,
      review: () => Promise.reject(new Error('nobody shows a token')),
      clock: {
        ...systemClock,
        now: () => Date.now() + aheadMs,
        monotonic: () => performance.now() + aheadMs,
      },
      log: silent,
    });
    later.resolve(telemetry);
    const http = createServer((_, response) => {
      if (failuresLeft-- > 0) response.statusCode = 503;
      response.end('own');
    });
    const tcp = createTcpServer((socket) =>
      socket.on('data', (data) => socket.end(Buffer.concat([data, data]))),
    );
    const httpPort = await listening(http);
    const tcpPort = await listening(tcp);
    const parents = [{ name: 'web', namespace: 'infra' }];
    await proxy.world.apply(
      service('shop/own', '10.96.0.50'),
      pod('shop/own-1', '127.0.0.2', { meshed: false, labels: { version: 'v7' } }),
      slice('shop/own', 'own', [podEndpoint('shop/own-1', '127.0.0.2')], [{ name: 'http', port: httpPort }]),
      service('shop/empty', '10.96.0.51'),
      service('shop/bytes', '10.96.0.52', [{ name: 'tcp', port: 9000, appProtocol: 'tcp' }]),
      pod('shop/bytes-1', '127.0.0.3', { meshed: false }),
      slice(
        'shop/bytes',
        'bytes',
        [podEndpoint('shop/bytes-1', '127.0.0.3')],
        [{ name: 'tcp', port: tcpPort }],
      ),
      routeOf('HTTPRoute', 'shop/http', {
        parents,
        hostnames: ['own.example'],
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: '/none' } }],
            backendRefs: [{ name: 'empty', port: 80 }],
          },
          { retry: { codes: [503], attempts: 2 }, backendRefs: [{ name: 'own', port: 80 }] },
        ],
      }),
      routeOf('TCPRoute', 'shop/tcp', {
        parents: [{ ...parents[0], name: 'web', sectionName: 'tcp' }],
        rules: [{ backendRefs: [{ name: 'bytes', port: 9000 }] }],
      }),
    );
    await proxy.atRest();
    assert.deepEqual(proxy.takeFaults(), []);

    async function listening(server: ReturnType<typeof createServer> | ReturnType<typeof createTcpServer>) {
      server.listen(0, '0.0.0.0');
      await once(server, 'listening');
      closers.push(() => server.close());
      return (server.address() as AddressInfo).port;
    }
  });

  after(async () => {
    await proxy.close();
    telemetry.close();
    for (const close of closers) close();
  });

  async function rows(...groupBy: readonly TrafficDimension[]): Promise<readonly TrafficRow[]> {
    aheadMs += 10_000;
    const query = { filter: {}, groupBy, windowMs };
    return telemetry.merge(query, [await telemetry.part(query)]).rows;
  }

  /** Asks again until the answer is right, since a report comes when its time has come. */
  async function becomes(actual: () => Promise<unknown>, expected: unknown): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        assert.deepEqual(await actual(), expected);
        return;
      } catch (error) {
        if (attempt === 40) throw error;
        await sleep(100);
      }
    }
  }

  test('agrees with what the clients saw: every request, its class, its failures and retries', async () => {
    const seen: Record<string, number> = {};
    for (let count = 0; count < 137; count++) {
      const path = count % 5 === 0 ? '/none' : '/';
      const { status } = await proxy.get('own.example', path);
      seen[status] = (seen[status] ?? 0) + 1;
    }
    assert.deepEqual({ ...seen }, { 200: 109, 503: 28 });
    failuresLeft = 7;
    for (let count = 0; count < 5; count++) {
      const { status } = await proxy.get('own.example');
      seen[status] = (seen[status] ?? 0) + 1;
    }
    // Two of the five were given up after three tries each, one was answered at the second.
    assert.deepEqual({ ...seen }, { 200: 112, 503: 30 });
    await becomes(
      async () =>
        (await rows('source', 'destination', 'destinationVersion', 'service', 'protocol', 'mtls')).map(
          ({ group, counts }) => [
            Object.values(group).join(' '),
            counts.requests,
            counts.failures,
            counts.retries,
          ],
        ),
      [
        ['infra/Gateway/web   shop/empty:80 http false', [0, 0, 0, 0, 0, 28], 28, 0],
        ['infra/Gateway/web shop/Deployment/own v7 shop/own:80 http false', [0, 0, 112, 0, 0, 2], 2, 5],
      ],
    );
    const measured = (await rows('route')).map(({ group, counts }) => [
      group.route,
      counts.durations.reduce((sum, value) => sum + value, 0),
    ]);
    assert.deepEqual(measured, [['shop/http', 142]]);
  });

  test('and every connection and byte', async () => {
    for (let count = 0; count < 3; count++) {
      const socket = connect(proxy.ports.tcp, '127.0.0.1');
      socket.write(Buffer.alloc(1_000));
      let bytes = 0;
      for await (const chunk of socket as AsyncIterable<Buffer>) bytes += chunk.length;
      assert.equal(bytes, 2_000);
    }
    await becomes(
      async () =>
        (await rows('destination', 'service', 'protocol'))
          .filter(({ group }) => group.protocol === 'tcp')
          .map(({ group, counts }) => [
            ...Object.values(group),
            [counts.connectionsOpened, counts.connectionsClosed, counts.bytesSent, counts.bytesReceived],
          ]),
      [['shop/Deployment/bytes', 'shop/bytes:9000', 'tcp', [3, 3, 3_000, 6_000]]],
    );
  });

  test('and makes a graph of it', async () => {
    const query = graphQuery(windowMs);
    const graph = serviceGraph(telemetry.merge(query, [await telemetry.part(query)]));
    assert.deepEqual(
      graph.edges.map(({ source, target, protocols }) => [source, target, ...protocols]),
      [
        ['gateway:infra/Gateway/web', 'service:shop/empty', 'http'],
        ['gateway:infra/Gateway/web', 'workload:shop/Deployment/bytes', 'tcp'],
        ['gateway:infra/Gateway/web', 'workload:shop/Deployment/own', 'http'],
      ],
    );
  });

  test('and nothing that it reported was refused', async () => {
    const metric = await registry.getSingleMetric('weft_telemetry_reports_total')?.get();
    const results = metric?.values.filter(({ value }) => value > 0).map(({ labels }) => labels['result']);
    assert.deepEqual(results, ['taken']);
  });
});
