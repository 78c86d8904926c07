/** Reports in, answers out: what several proxies tell, as people see it. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serviceGraph, graphQuery } from './service-graph.ts';
import { connections, http } from './testing.ts';
import { telemetryWorld } from './testing-world.ts';
import { signals, tcpPrefixAttribute } from '../base/signals.ts';

const web = 'shop/Deployment/web@v1';
const api = 'shop/Deployment/api@v2';

describe('what two proxies tell of the same requests', () => {
  test('is counted once, by the client', async () => {
    const world = await telemetryWorld();
    const durations = [4, 4, 8];
    await world.reports(web, http({ side: 'client', peer: api, service: 'shop/api:80', durations }));
    await world.reports(api, http({ side: 'server', peer: web, durations }));
    world.pass(10_000);
    const answer = await world.ask({
      groupBy: ['source', 'destination', 'service', 'destinationVersion', 'mtls'],
    });
    assert.deepEqual(
      answer.rows.map(({ group, requests }) => [group, requests]),
      [
        [
          {
            source: 'shop/Deployment/web',
            destination: 'shop/Deployment/api',
            service: 'shop/api:80',
            destinationVersion: 'v2',
            mtls: 'true',
          },
          3,
        ],
      ],
    );
    const bySide = await world.ask({ groupBy: ['side'] });
    assert.deepEqual(
      bySide.rows.map(({ group, requests }) => [group.side, requests]),
      [
        ['client', 3],
        ['server', 3],
      ],
    );
  });

  test('is counted at the server where the client has no certificate', async () => {
    const world = await telemetryWorld();
    await world.reports(
      api,
      http({ side: 'server', durations: [1] }),
      http({ side: 'server', peer: web, durations: [2] }),
    );
    world.pass(10_000);
    const answer = await world.ask({ groupBy: ['source', 'destination'] });
    assert.deepEqual(
      answer.rows.map(({ group, requests }) => [group, requests]),
      [[{ source: '', destination: 'shop/Deployment/api' }, 1]],
    );
  });
});

describe('what is sent without mutual TLS to a workload with a proxy', () => {
  const plainApi = 'plain|shop|Deployment/api|v2';
  const plainly = (durations: readonly number[]) => {
    const point = http({ side: 'client', service: 'shop/api:80', durations });
    return { ...point, tags: { ...point.tags, peer: plainApi } };
  };

  test('is counted by the client, and at the server only what is left', async () => {
    const world = await telemetryWorld();
    await world.reports(web, plainly([1, 1, 1, 1]));
    await world.reports(api, http({ side: 'server', durations: [1, 1, 1, 1, 1] }));
    world.pass(10_000);
    const bySource = await world.ask({ groupBy: ['source', 'destination'] });
    assert.deepEqual(
      bySource.rows.map(({ group, requests }) => [group.source, requests]),
      [
        ['', 1],
        ['shop/Deployment/web', 4],
      ],
    );
    assert.equal((await world.ask({})).rows[0]?.requests, 5);
    assert.equal((await world.ask({ stepMs: 10_000 })).rows[0]?.requests, 5);
    assert.equal((await world.ask({ filter: { to: 'shop/Deployment/api' } })).rows[0]?.requests, 5);
    assert.equal((await world.ask({ filter: { from: 'shop' } })).rows[0]?.requests, 4);
    assert.equal((await world.ask({ filter: { side: 'server' } })).rows[0]?.requests, 5);
  });

  test('is not counted at the server at all where the client has told of it all', async () => {
    const world = await telemetryWorld();
    await world.reports(web, plainly([1, 1, 1, 1]));
    await world.reports(api, http({ side: 'server', durations: [1, 1, 1] }));
    world.pass(10_000);
    const { rows } = await world.ask({ groupBy: ['source'] });
    assert.deepEqual(
      rows.map(({ group, requests }) => [group.source, requests]),
      [['shop/Deployment/web', 4]],
    );
  });
});

test('failures are those of the server: 5xx, no response, and some statuses of gRPC', async () => {
  const world = await telemetryWorld();
  const client = { side: 'client', peer: api, service: 'shop/api:80' } as const;
  await world.reports(
    web,
    http({ ...client, durations: [1, 1, 1] }),
    http({ ...client, code: '404', durations: [1] }),
    http({ ...client, code: '503', durations: [1, 1] }),
    http({ ...client, code: '0', durations: [1] }),
    http({ ...client, grpc: '5', protocol: 'HTTP/2', durations: [1] }),
    http({ ...client, grpc: '14', protocol: 'HTTP/2', durations: [1, 1] }),
  );
  world.pass(10_000);
  const [row, ...others] = (await world.ask({})).rows;
  assert.equal(others.length, 0);
  assert.deepEqual(row?.counts.requests, [1, 0, 6, 0, 1, 2]);
  assert.equal(row?.counts.failures, 5);
  assert.equal(row?.requests, 10);
  assert.equal(row?.successRate, 0.5);
  const byProtocol = await world.ask({ groupBy: ['protocol'] });
  assert.deepEqual(
    byProtocol.rows.map(({ group, requests }) => [group.protocol, requests]),
    [
      ['grpc', 3],
      ['http', 7],
    ],
  );
});

test('bytes go where all connections to the Service went', async () => {
  const world = await telemetryWorld();
  await world.reports(
    web,
    { metric: signals.bytesSent, tags: { [tcpPrefixAttribute]: 'svc/shop/db_5432' }, value: 500 },
    connections('client', 'shop/StatefulSet/db', 'shop/db:5432', 'established', 3),
    connections('client', 'shop/StatefulSet/db', 'shop/db:5432', 'ended'),
    http({ side: 'client', peer: api, service: 'shop/api:80', durations: [1] }),
  );
  world.pass(10_000);
  const answer = await world.ask({ groupBy: ['destination'] });
  assert.deepEqual(
    answer.rows.map(({ group, counts, connectionsPerSecond }) => [
      group.destination,
      counts.bytesSent,
      connectionsPerSecond,
    ]),
    [
      ['shop/Deployment/api', 0, 0],
      ['shop/StatefulSet/db', 500, 0.05],
    ],
  );
});

test('attempts beyond the first are retries, of the Service that was called', async () => {
  const world = await telemetryWorld();
  const calls = (attempts: string, durations: readonly number[]) => {
    const point = http({ side: 'client', peer: api, service: 'shop/api:80', durations });
    return { ...point, tags: { ...point.tags, attempts } };
  };
  await world.reports(web, calls('1', [1, 1]), calls('2', [3]), calls('4', [5, 5]), calls('0', [1]));
  world.pass(10_000);
  const { rows } = await world.ask({ groupBy: ['service'] });
  assert.deepEqual(
    rows.map(({ group, requests, counts }) => [group.service, requests, counts.retries]),
    [['shop/api:80', 6, 7]],
  );
});

test('the graph has an edge for each pair, and what each node received', async () => {
  const world = await telemetryWorld();
  await world.reports(
    web,
    http({ side: 'client', peer: api, service: 'shop/api:80', durations: Array<number>(60).fill(4) }),
    http({ side: 'client', service: 'shop/web:80', code: '503', durations: [1, 1, 1, 1, 1, 1] }),
    http({ side: 'client', service: 'api.example.com:443', durations: [1] }),
  );
  await world.reports(
    'infra/Gateway/edge',
    http({ side: 'client', peer: web, service: 'svc/shop/web:80+edge', durations: [1] }),
  );
  await world.reports(api, http({ side: 'server', durations: [1] }));
  world.pass(10_000);
  const graph = serviceGraph(await world.ask(graphQuery(60_000)));
  assert.deepEqual(
    graph.nodes.map(({ id, kind, namespace, name }) => [id, kind, namespace, name]),
    [
      ['external:api.example.com:443', 'external', '', 'api.example.com:443'],
      ['gateway:infra/Gateway/edge', 'gateway', 'infra', 'Gateway/edge'],
      ['service:shop/web', 'service', 'shop', 'web'],
      ['unknown', 'unknown', '', ''],
      ['workload:shop/Deployment/api', 'workload', 'shop', 'Deployment/api'],
      ['workload:shop/Deployment/web', 'workload', 'shop', 'Deployment/web'],
    ],
  );
  const edges = graph.edges.map(({ source, target, requestsPerSecond, successRate, mtls }) => [
    source,
    target,
    requestsPerSecond,
    successRate,
    mtls,
  ]);
  assert.deepEqual(edges, [
    ['gateway:infra/Gateway/edge', 'workload:shop/Deployment/web', 1 / 60, 1, true],
    ['unknown', 'workload:shop/Deployment/api', 1 / 60, 1, false],
    ['workload:shop/Deployment/web', 'external:api.example.com:443', 1 / 60, 1, false],
    ['workload:shop/Deployment/web', 'service:shop/web', 0.1, 0, false],
    ['workload:shop/Deployment/web', 'workload:shop/Deployment/api', 1, 1, true],
  ]);
  const withServices = serviceGraph(await world.ask(graphQuery(60_000)), 'service');
  assert.deepEqual(
    withServices.edges
      .filter(({ source, target }) => `${source}${target}`.includes('service:'))
      .map(({ source, target }) => `${source} ${target}`),
    [
      'gateway:infra/Gateway/edge service:shop/web',
      'service:shop/api workload:shop/Deployment/api',
      'service:shop/web workload:shop/Deployment/web',
      'workload:shop/Deployment/web service:shop/api',
      'workload:shop/Deployment/web service:shop/web',
    ],
  );
});
