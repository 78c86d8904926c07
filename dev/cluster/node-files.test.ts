import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesOf } from './addresses.ts';
import {
  apiServerArguments,
  type ControlPlane,
  controllerManagerArguments,
  schedulerArguments,
} from './components.ts';
import { containerdSocket, nodeFiles } from './node-files.ts';

const directory = '/var/lib/weft/clusters/one';
const files = nodeFiles({
  directory,
  addresses: addressesOf(1),
  cgroupRoot: '/weft-one',
  cniDirectory: '/usr/lib/cni',
});

test('everything a node writes lies in its own folder', () => {
  for (const [name, content] of Object.entries(files)) {
    for (const [path] of content.matchAll(/(?<![\w.:/-])\/(?:var|run|etc|opt)\/[\w./-]+/g)) {
      assert.ok(path.startsWith(directory), `${name} names ${path}`);
    }
  }
});

test('the kubelet talks to the containerd of its own cluster and keeps pods in its own cgroup', () => {
  const kubelet = JSON.parse(files['kubelet.yaml'] ?? '') as Record<string, unknown>;
  assert.equal(kubelet['containerRuntimeEndpoint'], `unix://${containerdSocket(directory)}`);
  assert.equal(kubelet['cgroupRoot'], '/weft-one');
  assert.deepEqual(kubelet['clusterDNS'], ['198.51.100.6']);
});

test('an emulated release is passed to every component that can emulate one, and to none otherwise', () => {
  const plane: ControlPlane = {
    directory,
    address: '198.51.100.6',
    securePort: 6443,
    etcdPort: 2379,
    etcdPeerPort: 2380,
    serviceCidr: '10.96.16.0/20',
    emulate: '1.36',
  };
  for (const argumentsOf of [apiServerArguments, controllerManagerArguments, schedulerArguments]) {
    assert.ok(argumentsOf(plane).includes('--emulated-version=1.36'));
    assert.doesNotMatch(argumentsOf({ ...plane, emulate: undefined }).join(' '), /emulated/);
  }
});
