import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gateway, ListenerProtocol } from '../mesh/gateway-model.ts';
import type { RouteTable, RouteVerdict, ServicePort } from '../mesh/model.ts';
import { type CarrierNames, deriveCarriers } from './route-carriers.ts';
import { newGraph } from './testing.ts';

const names: CarrierNames = {
  table: (table) => `table ${table}`,
  destination: (destination) => `to ${destination}`,
  port: (gateway, { transport, port }) => `${gateway} ${transport} ${port}`,
  inbound: (workload: string) => `inbound/${workload}`,
  variantOf: () => undefined,
  https: (listener) => `https ${listener}`,
};

const listener = (name: string, protocol: ListenerProtocol) => ({ key: `infra/gw/${name}`, protocol });

const gateway: Gateway = {
  namespace: 'infra',
  name: 'gw',
  ports: [
    { port: 80, transport: 'tcp', listeners: [listener('a', 'HTTP'), listener('b', 'HTTP')] },
    { port: 443, transport: 'tcp', listeners: [listener('c', 'HTTPS'), listener('d', 'TLS')] },
    { port: 53, transport: 'udp', listeners: [listener('e', 'UDP')] },
  ],
};

async function carriers(verdict: Pick<RouteVerdict, 'tables' | 'listeners'>): Promise<readonly string[]> {
  const graph = newGraph();
  const gateways = graph.source<Gateway>('gateways');
  const tables = graph.source<RouteTable>('tables');
  const servicePorts = graph.source<ServicePort>('servicePorts');
  const verdicts = graph.source<RouteVerdict>('verdicts');
  const carriersOf = deriveCarriers(graph, { gateways, tables, servicePorts, names });
  const found = graph.derive('found', verdicts, (_, value, read) =>
    carriersOf(value, read).map(({ kind, name }) => `${kind}: ${name}`),
  );
  gateways.set('infra/gw', gateway);
  const port = { addresses: ['10.96.0.1', 'fd00::1'], port: 5432 } as unknown as ServicePort;
  servicePorts.set('shop/db:5432', port);
  const streams = [{ kind: 'TCPRoute', route: 'shop/r', backends: [] }] as const;
  tables.set('shop/db:5432', { servicePort: 'shop/db:5432', rules: [], streams });
  verdicts.set('v', verdict as RouteVerdict);
  await graph.settled();
  return found.get('v') ?? [];
}

test('a table of the mesh is carried by its RouteConfiguration, whether or not one is made', async () => {
  assert.deepEqual(await carriers({ tables: ['shop/web:80', 'shop/web:81@b'], listeners: [] }), [
    'route: table shop/web:80',
    'route: table shop/web:81@b',
  ]);
});

test('where routes take whole connections, the listeners of the addresses carry them', async () => {
  assert.deepEqual(await carriers({ tables: ['shop/db:5432'], listeners: [] }), [
    'listener: to 10.96.0.1:5432',
    'listener: to [fd00::1]:5432',
  ]);
});

test('HTTP listeners of a port share a carrier, HTTPS ones have their own, others are their port’s', async () => {
  const listeners = ['a', 'b', 'c', 'd', 'e', 'gone'].map((name) => `infra/gw/${name}`);
  assert.deepEqual(await carriers({ tables: [], listeners }), [
    'route: infra/gw tcp 80',
    'route: https infra/gw/c',
    'listener: infra/gw tcp 443',
    'listener: infra/gw udp 53',
  ]);
});
