import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meshCluster } from '../testing.ts';

const log = '/api/v1/namespaces/shop/pods/web-1/log';
const logging = 'namespaces/shop/proxies/web-1/logging';

function shop(): ReturnType<typeof meshCluster> {
  const cluster = meshCluster();
  cluster.streams.set(log, 'first line\nsecond line\n');
  cluster.observed.set(logging, { loggers: { admin: 'warning', http: 'info', router: 'warning' } });
  return cluster;
}

test('the log of the proxy is shown as it is, without touching its level', async () => {
  const cluster = shop();
  const { exitCode, out } = await cluster.run('logs shop/web-1 --tail 5');
  assert.equal(exitCode, 0);
  assert.equal(out, 'first line\nsecond line\n');
  assert.deepEqual(cluster.asked, [`STREAM ${log}?container=weft-proxy&follow=false&tailLines=5`]);
});

test('another level lasts as long as somebody looks, and each logger gets back what it had', async () => {
  const cluster = shop();
  const { exitCode } = await cluster.run('logs web-1 -n shop --level debug');
  assert.equal(exitCode, 0);
  assert.deepEqual(cluster.asked, [
    `POST ${logging}`,
    `POST ${logging}?level=debug`,
    `STREAM ${log}?container=weft-proxy&follow=true&tailLines=100`,
    `POST ${logging}?level=warning`,
    `POST ${logging}?logger=http&level=info`,
  ]);
});

test('the level is restored also where the log cannot be read', async () => {
  const cluster = shop();
  cluster.refuse(`GET ${log}`, 403, 'pods/log is forbidden');
  const { exitCode, err } = await cluster.run('logs web-1 -n shop --level trace');
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-KUBE-02/);
  assert.ok(cluster.asked.includes(`POST ${logging}?level=warning`));
});

test('who may not change the level is told the rule, and sees no log', async () => {
  const cluster = shop();
  cluster.refuse(`POST /apis/observe.weft.dev/v1alpha1/${logging}`, 403);
  const { exitCode, out, err } = await cluster.run('logs web-1 -n shop --level debug');
  assert.equal(exitCode, 2);
  assert.equal(out, '');
  assert.match(err, /resources: \[proxies\/logging\], verbs: \[create\]/);
});

test('a pod that does not exist, or has no proxy, is told as that', async () => {
  const cluster = shop();
  cluster.refuse(`GET ${log}`, 404, 'pods "web-1" not found');
  assert.match(
    (await cluster.run('logs shop/web-1')).err,
    /^WEFT-CLI-02: There is no pod shop\/web-1\. Look/,
  );
  cluster.refuse(`GET ${log}`, 400, 'container weft-proxy is not valid for pod web-1');
  const { exitCode, err } = await cluster.run('logs shop/web-1');
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-CLI-02: Pod shop\/web-1 has no proxy\. Look/);
});

test('a number of lines that is none is refused before anything is asked', async () => {
  const cluster = shop();
  assert.match(
    (await cluster.run('logs shop/web-1 --tail many')).err,
    /^WEFT-CLI-03: --tail: "many" is no number/,
  );
  assert.deepEqual(cluster.asked, []);
});

test('a level that does not exist is refused', async () => {
  const { err } = await shop().run('logs web-1 --level loud');
  assert.match(err, /^WEFT-CLI-03: --level: "loud" is none of trace, debug/);
});
