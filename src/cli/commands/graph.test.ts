import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GraphEdge } from '../../telemetry/model.ts';
import { meshCluster } from '../testing.ts';
import { answerOf, shopGraph, trafficRow } from '../testing-traffic.ts';

function shop(): ReturnType<typeof meshCluster> {
  const cluster = meshCluster();
  cluster.observed.set('namespaces/shop/graph', shopGraph);
  return cluster;
}

test('edges says who talks to whom, how well and how safely', async () => {
  const cluster = meshCluster();
  const db: GraphEdge = {
    source: 'workload:shop/Deployment/web',
    target: 'workload:shop/StatefulSet/db',
    protocols: ['tcp'],
    mtls: true,
    requestsPerSecond: 0,
    connectionsPerSecond: 0.5,
    bytesPerSecond: 2048,
  };
  cluster.observed.set('namespaces/shop/graph', { ...shopGraph, edges: [...shopGraph.edges, db] });
  const { exitCode, out } = await cluster.run('edges -n shop');
  assert.equal(exitCode, 0);
  assert.match(out, /^FROM +TO +PROTOCOL +MTLS +RPS +SUCCESS +P50 +P99 +CONN\/S +BYTES$/m);
  assert.match(
    out,
    /^gateway:shop\/edge +shop\/Deployment\/web +http,http2 +yes +10\.0 +90\.00% +1\.0ms +12\.0ms +- +-$/m,
  );
  assert.match(
    out,
    /^shop\/Deployment\/web +shop\/StatefulSet\/db +tcp +yes +- +- +- +- +0\.50 +2\.0KiB\/s$/m,
  );
});

test('the graph as a table counts who calls and is called', async () => {
  const { out } = await shop().run('graph -n shop');
  assert.match(out, /^shop\/Deployment\/web +workload +1 +0 +10\.0 +90\.00% +12\.0ms$/m);
});

test('the graph as DOT and as Mermaid has all nodes and edges', async () => {
  const dot = await shop().run('graph -n shop -o dot');
  assert.match(dot.out, /^digraph weft \{/);
  assert.match(
    dot.out,
    /"gateway:shop\/edge" -> "workload:shop\/Deployment\/web" \[label="10\.0\/s 90\.0% p99 12\.0ms", style=solid, color=red\];/,
  );
  const mermaid = await shop().run('graph -n shop -o mermaid');
  assert.match(
    mermaid.out,
    /^flowchart LR\n {2}n0\["edge \(shop\)"\]\n {2}n1\["Deployment\/web \(shop\)"\]\n/,
  );
  assert.match(mermaid.out, /n0 -->\|"10\.0\/s 90\.0% p99 12\.0ms"\| n1\n$/);
});

test('the drawings belong to this command alone', async () => {
  const { exitCode, err } = await shop().run('edges -n shop -o dot');
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-CLI-03: --output: "dot" is none of table, json, yaml/);
});

test('routes shows the share that each destination really got of what a rule sent', async () => {
  const cluster = meshCluster();
  const part = (destinationVersion: string, requests: number) =>
    trafficRow(
      {
        side: 'client',
        route: 'shop/split/rule0',
        service: 'shop/web:80',
        destination: `shop/Deployment/web-${destinationVersion}`,
        destinationVersion,
      },
      { requests },
    );
  cluster.observed.set('namespaces/shop/stat', answerOf([part('v1', 270), part('v2', 30)]));
  const { out } = await cluster.run('routes -n shop');
  assert.match(out, /^shop\/split\/rule0 +shop\/web:80 +shop\/Deployment\/web-v1 +v1 +90\.0% /m);
  assert.match(out, /^shop\/split\/rule0 +shop\/web:80 +shop\/Deployment\/web-v2 +v2 +10\.0% /m);
  assert.match((await cluster.run('routes other -n shop')).out, /^No route has sent anything within 60s\.$/m);
});
