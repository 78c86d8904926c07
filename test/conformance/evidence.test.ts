import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sumRejections } from './evidence.ts';

test('rejections add up over replicas, by kind, and none is told of a kind without any', () => {
  const one = [
    '# HELP weft_xds_rejections_total Resources that a proxy rejected, by resource type.',
    'weft_xds_rejections_total{kind="listener"} 0',
    'weft_xds_rejections_total{kind="route"} 2',
  ].join('\n');
  const other = 'weft_xds_rejections_total{kind="route"} 3\nweft_xds_proxies 4\n';
  assert.deepEqual([...sumRejections([one, other])], [['route', 5]]);
});
