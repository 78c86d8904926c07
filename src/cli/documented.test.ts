/** That docs/cli keeps up with the commands, their options and the checks. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checks } from './checks/list.ts';
import { proxyViews } from './proxy-tables.ts';
import { meshCluster } from './testing.ts';

const page = (name: string): string =>
  readFileSync(new URL(`../../docs/cli/${name}.md`, import.meta.url), 'utf8');

const commands = [
  'check',
  'analyze',
  'status',
  'stat',
  'top',
  'edges',
  'routes',
  'graph',
  'tap',
  'dashboard',
  'explain',
  'proxy config',
  'logs',
  'perf run',
  'bug-report',
  'inject',
  'uninject',
];

for (const command of commands) {
  test(`the page of weft ${command} names every option`, async () => {
    const { out } = await meshCluster().run(`${command} --help`);
    const options = out.match(/--[a-z-]+/g) ?? [];
    const text = page(command === 'perf run' ? 'perf' : command.replace(' ', '-'));
    for (const option of new Set(options)) {
      if (option !== '--help') assert.ok(text.includes(option), `${option} is missing`);
    }
  });
}

test('every command is on the list of pages', async () => {
  const { out } = await meshCluster().run('--help');
  const listed = new Set([...out.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map(([, name]) => name));
  listed.delete('help');
  assert.deepEqual(listed, new Set(commands.map((command) => command.split(' ')[0])));
  for (const command of commands) assert.match(page('README'), new RegExp(`weft ${command}\\]`));
});

test('every check has a row that leads to its code, in the order of the checks', () => {
  const rows = [
    ...page('check').matchAll(/^\| `([a-z-]+)` \(\[\d\d\]\(\.\.\/errors\/(WEFT-CHECK-\d\d)\.md\)\)/gm),
  ];
  assert.deepEqual(
    rows.map(([, name, code]) => [name, code]),
    checks.map(({ name, code }) => [name, code]),
  );
});

test('the page of what a proxy says of itself names every view and option', async () => {
  const text = page('proxy-views');
  for (const view of proxyViews) {
    const { out } = await meshCluster().run(`proxy ${view} --help`);
    assert.ok(text.includes(`| \`${view}\` |`), view);
    for (const option of out.match(/--[a-z-]+/g) ?? []) {
      if (option !== '--help') assert.ok(text.includes(option), `${option} is missing`);
    }
  }
});
