import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWindow, windowOf, windows } from './choices.ts';
import { graphChoices } from './graph-choices.ts';
import { parsePlace } from './location.ts';

test('windows and steps are whole slots of ten seconds, and within the hour that is kept', () => {
  for (const { seconds, stepSeconds } of windows) {
    assert.equal(seconds % 10, 0);
    assert.equal(seconds % stepSeconds, 0);
    assert.equal(stepSeconds % 10, 0);
    assert.ok(seconds <= 3600);
  }
});

test('an unknown window in an address is the shortest', () => {
  assert.equal(windowOf(parsePlace('#/?window=9y')).seconds, 60);
});

test('the window can be chosen where numbers depend on it', () => {
  for (const hash of ['', '#/graph', '#/workloads/shop/Deployment/web'])
    assert.ok(hasWindow(parsePlace(hash)));
  for (const hash of ['#/workloads', '#/proxies/shop/web-1', '#/tap'])
    assert.ok(!hasWindow(parsePlace(hash)));
});

test('whatever an address says of the graph, the choices are possible ones', () => {
  assert.deepEqual(
    graphChoices(parsePlace('#/graph?nodes=x&show=y&min=-3&view=z')),
    graphChoices(parsePlace('#/graph')),
  );
  assert.deepEqual(graphChoices(parsePlace('#/graph?nodes=namespace&min=10&q=web')), {
    nodes: 'namespace',
    level: 'workload',
    groupBy: 'namespace',
    view: 'picture',
    search: 'web',
    show: 'all',
    minRate: 10,
    focus: undefined,
  });
});
