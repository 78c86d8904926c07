import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containsAddress, coversRange, mergeCIDRs } from './cidrs.ts';

test('adjacent and overlapping ranges become the few that hold them', () => {
  assert.deepEqual(mergeCIDRs(['10.244.1.0/24', '10.244.0.0/24', '10.96.0.0/12']), [
    '10.96.0.0/12',
    '10.244.0.0/23',
  ]);
  assert.deepEqual(mergeCIDRs(['10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/8']), ['10.0.0.0/8']);
  assert.deepEqual(mergeCIDRs(['10.0.1.0/24', '10.0.2.0/24', '10.0.3.0/24']), ['10.0.1.0/24', '10.0.2.0/23']);
  assert.deepEqual(mergeCIDRs(Array.from({ length: 256 }, (_, i) => `10.244.${i}.0/24`)), ['10.244.0.0/16']);
});

test('both families are kept apart, IPv4 first', () => {
  assert.deepEqual(mergeCIDRs(['fd00:10::/112', '10.96.0.0/16', 'fd00:10::1:0/112']), [
    '10.96.0.0/16',
    'fd00:10::/111',
  ]);
});

test('host bits are ignored, single addresses are ranges of one', () => {
  assert.deepEqual(mergeCIDRs(['10.0.0.7/24']), ['10.0.0.0/24']);
  assert.deepEqual(mergeCIDRs(['10.0.0.7']), ['10.0.0.7/32']);
  assert.deepEqual(mergeCIDRs(['::1']), ['::1/128']);
});

test('everything is one range', () => {
  assert.deepEqual(mergeCIDRs(['0.0.0.0/0', '10.0.0.0/8']), ['0.0.0.0/0']);
  assert.deepEqual(mergeCIDRs(['0.0.0.0/1', '128.0.0.0/1']), ['0.0.0.0/0']);
  assert.deepEqual(mergeCIDRs(['::/0']), ['::/0']);
});

test('IPv6 is written in its shortest form', () => {
  assert.deepEqual(mergeCIDRs(['2001:0db8:0000:0000:0001:0000:0000:0001/128']), ['2001:db8::1:0:0:1/128']);
  assert.deepEqual(mergeCIDRs(['::ffff:10.0.0.1/128']), ['::ffff:a00:1/128']);
  assert.deepEqual(mergeCIDRs(['2001:db8:1:2:3:4:5:6/128']), ['2001:db8:1:2:3:4:5:6/128']);
});

test('what is no range is left out', () => {
  assert.deepEqual(
    mergeCIDRs(['', 'x', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', 'fd00::/129', '10.0.0.0/8']),
    ['10.0.0.0/8'],
  );
});

test('an address is in a range of its own family alone', () => {
  assert.equal(containsAddress('10.96.0.0/16', '10.96.255.1'), true);
  assert.equal(containsAddress('10.96.0.0/16', '10.97.0.1'), false);
  assert.equal(containsAddress('fd00::/8', 'fd12::1'), true);
  assert.equal(containsAddress('::/0', '10.0.0.1'), false);
  assert.equal(containsAddress('10.96.0.0/16', 'None'), false);
});

test('several ranges together cover one that none of them covers alone', () => {
  assert.equal(coversRange(['10.0.0.0/9', '10.128.0.0/9'], '10.0.0.0/8'), true);
  assert.equal(coversRange(['10.0.0.0/9'], '10.0.0.0/8'), false);
  assert.equal(coversRange([], '10.0.0.0/8'), false);
  assert.equal(coversRange(['10.0.0.0/8'], 'nonsense'), false);
});
