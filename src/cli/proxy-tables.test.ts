import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyTable } from './proxy-tables.ts';
import { meshCluster } from './testing.ts';

const address = { socket_address: { address: '10.0.0.7', port_value: 8080 } };

test('clusters add up what their endpoints count', () => {
  const host = (healthy: boolean) => ({
    address,
    health_status: { eds_health_status: healthy ? 'HEALTHY' : 'UNHEALTHY' },
    stats: [{ name: 'cx_active', value: '2' }, { name: 'rq_total', value: '10' }, { name: 'rq_error' }],
  });
  const answer = {
    cluster_statuses: [{ name: 'svc/shop/web:80', host_statuses: [host(true), host(false)] }],
  };
  assert.match(proxyTable('clusters', answer), /^svc\/shop\/web:80 +2 +1 +4 +20 +0$/m);
});

test('listeners, routes, endpoints and certificates are one line each', () => {
  const listeners = { listener_statuses: [{ name: 'outbound', local_address: address }] };
  assert.match(proxyTable('listeners', listeners), /^outbound +10\.0\.0\.7:8080$/m);
  const routes = {
    configs: [
      {
        version_info: 'v1',
        last_updated: '2026-09-01T00:00:00Z',
        route_config: { name: 'svc/shop/web:80', virtual_hosts: [{ domains: ['*'], routes: [{}, {}] }] },
      },
    ],
  };
  assert.match(proxyTable('routes', routes), /^svc\/shop\/web:80 +1 +2 +2026-09-01T00:00:00Z +v1$/m);
  const endpoints = {
    configs: [
      {
        endpoint_config: {
          cluster_name: 'svc/shop/web:80',
          endpoints: [
            { locality: { zone: 'a' }, lb_endpoints: [{ endpoint: { address }, health_status: 'DRAINING' }] },
          ],
        },
      },
    ],
  };
  assert.match(proxyTable('endpoints', endpoints), /^svc\/shop\/web:80 +10\.0\.0\.7:8080 +DRAINING +a +1$/m);
  const certs = {
    certificates: [
      {
        cert_chain: [
          {
            subject_alt_names: [{ uri: 'spiffe://cluster.local/ns/shop/sa/web' }],
            serial_number: '0a',
            days_until_expiration: '1',
            expiration_time: '2026-09-02T00:00:00Z',
          },
        ],
      },
    ],
  };
  assert.match(
    proxyTable('certs', certs),
    /^own +spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web +0a +1 +2026-09-02T/m,
  );
});

test('what is not as expected makes an empty table, never an error', () => {
  for (const answer of [null, 'text', [], { cluster_statuses: 'no' }]) {
    assert.equal(proxyTable('clusters', answer), 'The proxy tells of no clusters.');
  }
});

test('the command asks for the pod in its namespace, and passes a filter on', async () => {
  const cluster = meshCluster();
  cluster.observed.set('namespaces/shop/proxies/web-1/stats', { stats: [{ name: 'server.live', value: 1 }] });
  const { exitCode, out } = await cluster.run('proxy stats web-1 -n shop --filter server');
  assert.equal(exitCode, 0);
  assert.equal(out, 'STATISTIC    VALUE\nserver.live      1\n');
  assert.deepEqual(cluster.asked, ['GET namespaces/shop/proxies/web-1/stats?filter=server']);
});

test('a pod that does not exist is told in the words of the API alone', async () => {
  const cluster = meshCluster();
  cluster.refuse(
    'GET /apis/observe.weft.dev/v1alpha1/namespaces/shop/proxies/nope/stats',
    404,
    'WEFT-API-08: There is no pod shop/nope. Check the name.',
  );
  const { exitCode, err } = await cluster.run('proxy stats shop/nope');
  assert.equal(exitCode, 2);
  assert.equal(
    err,
    'WEFT-CLI-02: There is no pod shop/nope. Look at the spelling, the namespace and the kubeconfig context.\n',
  );
});
