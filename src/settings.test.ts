import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { WeftError } from './base/errors.ts';
import { flags, parseSettings, settingsHelp } from './settings.ts';

test('every flag has a default', () => {
  const settings = parseSettings([]);
  assert.equal(settings.namespace, 'weft-system');
  assert.equal(settings.webhookPort, 9443);
});

test('a flag overrides its default and ports become numbers', () => {
  const settings = parseSettings(['--namespace=mesh', '--xds-port', '16000']);
  assert.equal(settings.namespace, 'mesh');
  assert.equal(settings.xdsPort, 16000);
});

for (const argv of [
  ['--log-level=loud'],
  ['--xds-port=70000'],
  ['--xds-port=0'],
  ['--telemetry-series=0'],
  ['--telemetry-memory=much'],
  ['--no-such-flag'],
  ['stray'],
]) {
  test(`${argv.join(' ')} is refused with a code`, () => {
    assert.throws(
      () => parseSettings(argv),
      (error) => error instanceof WeftError && error.code === 'WEFT-SET-01',
    );
  });
}

test('a refused value names its flag', () => {
  assert.throws(
    () => parseSettings(['--log-level=loud']),
    (error) => error instanceof WeftError && error.field === '--log-level',
  );
});

test('the help names every flag', () => {
  assert.match(settingsHelp(), /--redirect-image/);
});

test('the page of the flags names every flag with its default', () => {
  const page = readFileSync('docs/settings.md', 'utf8');
  const missing = flags.filter((flag) => {
    const value = flag.default === '' ? '' : `\`${flag.default}\``;
    return !page.includes(`| \`--${flag.name}\` | ${value} |`);
  });
  assert.deepEqual(missing, []);
});
