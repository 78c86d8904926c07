import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Explained, explainable } from '../../dashboard/explain.ts';
import { meshCluster } from '../testing.ts';
import { explainedKinds, mergeExplained } from './explain.ts';

const route = {
  kind: 'route',
  name: 'service/shop/web/80',
  version: 'abc',
  holders: 3,
  current: 2,
  from: ['httproute shop/web', 'service shop/web'],
};

function clusterWith(path: string, ...answers: (Explained | undefined)[]) {
  const cluster = meshCluster();
  for (const [index, name] of ['weft-a', 'weft-b'].entries()) {
    const answer = answers[index];
    if (answer !== undefined) cluster.answers.set(name, { [path]: answer });
  }
  return cluster;
}

test('Counts of the replicas are added up: each knows its own proxies', () => {
  const object = 'httproute shop/web';
  const merged = mergeExplained([
    { object, found: true, resources: [route] },
    { object, found: true, resources: [{ ...route, holders: 1, current: 1 }] },
  ]);
  assert.deepEqual(merged?.resources, [{ ...route, holders: 4, current: 3 }]);
});

test('A rejection that only another replica has seen is not lost', () => {
  const object = 'httproute shop/web';
  const merged = mergeExplained([
    { object, found: true, resources: [route] },
    { object, found: true, resources: [{ ...route, rejected: 'bad regex' }] },
  ]);
  assert.equal(merged?.resources[0]?.rejected, 'bad regex');
});

test('A route shows what it became, on how many proxies it is in force, and what else is in it', async () => {
  const object = 'httproute shop/web';
  const cluster = clusterWith('/v1/explain/httproute/shop/web', { object, found: true, resources: [route] });
  for (const line of ['explain route web -n shop', 'explain HTTPRoute shop/web']) {
    const { out, exitCode } = await cluster.run(line);
    assert.equal(exitCode, 0);
    assert.match(out, /^httproute shop\/web became$/m);
    assert.match(out, /^route {5}service\/shop\/web\/80 {2}abc {6}2 of 3$/m);
    assert.match(out, /^together with\n {2}service shop\/web$/m);
  }
});

test('A rejected resource shows the first line of what the proxy said', async () => {
  const cluster = clusterWith('/v1/explain/service/shop/web', {
    object: 'service shop/web',
    found: true,
    resources: [{ ...route, rejected: 'bad regex\nat line 1' }],
  });
  const { out } = await cluster.run('explain svc shop/web');
  assert.match(out, /rejected: bad regex$/m);
});

test('An object that made nothing says so', async () => {
  const cluster = clusterWith('/v1/explain/service/shop/web', {
    object: 'service shop/web',
    found: true,
    resources: [],
  });
  assert.match((await cluster.run('explain svc shop/web')).out, /no proxy holds anything of it/);
});

test('Nothing else being part of it, nothing is listed', async () => {
  const cluster = clusterWith('/v1/explain/service/shop/web', {
    object: 'service shop/web',
    found: true,
    resources: [{ ...route, from: ['service shop/web'] }],
  });
  assert.doesNotMatch((await cluster.run('explain svc shop/web')).out, /together with/);
});

test('An object that is not there is told with exit code 2', async () => {
  const object = 'service shop/web';
  const cluster = clusterWith('/v1/explain/service/shop/web', { object, found: false, resources: [] });
  const { exitCode, err } = await cluster.run('explain svc shop/web');
  assert.equal(exitCode, 2);
  assert.match(err, /^WEFT-CLI-02: There is no service shop\/web\./);
});

test('The command knows every kind that the control plane can explain, and no other', () => {
  assert.deepEqual(explainedKinds.toSorted(), Object.keys(explainable).sort());
});
