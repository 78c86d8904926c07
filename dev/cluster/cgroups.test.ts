import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHierarchies } from './cgroups.ts';

test('the cgroup mounts of both versions are found and nothing else is', () => {
  const mountinfo = [
    '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '30 25 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
    '31 30 0:27 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu',
    '32 30 0:28 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
    '',
  ].join('\n');
  assert.deepEqual(parseHierarchies(mountinfo), [
    { mountPoint: '/sys/fs/cgroup/cpu', version: 1 },
    { mountPoint: '/sys/fs/cgroup/unified', version: 2 },
  ]);
});
