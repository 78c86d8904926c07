import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { version } from './version.ts';

test('program, package and chart have one version', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const chart = parse(readFileSync('charts/weft/Chart.yaml', 'utf8')) as {
    version: string;
    appVersion: string;
  };
  assert.deepEqual([manifest.version, chart.version, chart.appVersion], [version, version, version]);
});
