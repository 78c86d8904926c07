import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGoRecentEnough } from './toolchain.ts';
import { type GoProgram, goPrograms, goVersion, kubernetesVersion } from './versions.ts';

const goMod = readFileSync(join(import.meta.dirname, 'tools', 'go.mod'), 'utf8');

test('the version stamped into the binaries is the one they are built from', () => {
  assert.match(goMod, new RegExp(`k8s\\.io/kubernetes ${kubernetesVersion}\\b`));
});

test('every program without a version of its own is pinned as a tool of the module', () => {
  for (const { path, version, module } of Object.values<GoProgram>(goPrograms)) {
    if (version === undefined && module === undefined && !path.startsWith('./'))
      assert.ok(goMod.includes(`\t${path}\n`), path);
  }
});

test('the toolchain asked for is one that the module accepts', () => {
  const [, required = ''] = /^go (\d+\.\d+)/m.exec(goMod) ?? [];
  assert.equal(required, goVersion);
});

test('a Go that is too old is told from one that will do', () => {
  assert.equal(isGoRecentEnough('go version go1.26.8 linux/amd64', '1.26'), true);
  assert.equal(isGoRecentEnough('go version go2.0 linux/amd64', '1.26'), true);
  assert.equal(isGoRecentEnough('go version go1.9.1 linux/amd64', '1.26'), false);
  assert.equal(isGoRecentEnough('no such command', '1.26'), false);
});
