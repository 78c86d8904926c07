import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { projectDirectory } from './cluster/paths.ts';
import { imageValues } from './deploy.ts';

const built = {
  control: { ref: 'localhost:5000/weft/control:dev-1', layout: '' },
  redirect: { ref: 'localhost/weft/redirect:dev-2', layout: '' },
  envoy: { ref: 'localhost/weft/envoy:dev-3', layout: '' },
};

test('the images just built are named by values that the chart has', () => {
  const values = imageValues(built);
  assert.deepEqual(values, {
    image: { repository: 'localhost:5000/weft/control', tag: 'dev-1', pullPolicy: 'Never' },
    proxy: { image: 'localhost/weft/envoy:dev-3' },
    redirect: { image: 'localhost/weft/redirect:dev-2' },
  });
  const chart = parse(readFileSync(join(projectDirectory, 'charts/weft/values.yaml'), 'utf8')) as Record<
    string,
    object
  >;
  for (const [key, value] of Object.entries(values)) {
    for (const inner of Object.keys(value)) assert.ok(inner in (chart[key] ?? {}), `${key}.${inner}`);
  }
});

test('without images of our own the chart keeps its defaults', () => {
  assert.deepEqual(imageValues({}), {});
});
