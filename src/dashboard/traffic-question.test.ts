import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyColumns, toCounts } from '../telemetry/counts.ts';
import type { TrafficPart } from '../telemetry/model.ts';
import type { Scope } from './access.ts';
import { checkFilter, parseStat, visiblePart, withWitnesses } from './traffic-question.ts';

const query = (text: string) => new URLSearchParams(text);
const counts = toCounts(emptyColumns());

function scope(readable: readonly string[], everywhere = false): Scope {
  return { namespace: '', everywhere, mayRead: (namespace) => everywhere || readable.includes(namespace) };
}

function part(...groups: readonly (readonly string[])[]): TrafficPart {
  return {
    replica: 'a',
    sinceMs: 0,
    fromMs: 0,
    toMs: 60_000,
    gaps: [],
    rows: groups.map((group) => ({ group, counts })),
  };
}

test('parameters become a question, in whole slots', () => {
  const parsed = parseStat(
    query('groupBy=source,service&window=65s&step=10s&from=shop&to=bank/Deployment/v'),
    '',
  );
  assert.deepEqual(parsed, {
    filter: { from: 'shop', to: 'bank/Deployment/v' },
    groupBy: ['source', 'service'],
    windowMs: 70_000,
    stepMs: 10_000,
  });
  assert.deepEqual(parseStat(query(''), 'shop'), {
    filter: { namespace: 'shop' },
    groupBy: [],
    windowMs: 60_000,
  });
});

test('what is misspelt or impossible is refused, by its name', () => {
  for (const [text, field] of [
    ['windw=1m', 'windw'],
    ['window=0s', 'window'],
    ['window=2h', 'window'],
    ['window=1', 'window'],
    ['groupBy=sauce', 'groupBy'],
    ['side=both', 'side'],
    ['from=Shop', 'from'],
    ['from=shop/web', 'from'],
    ['service=web', 'service'],
    ['route=a', 'route'],
    ['step=1s', 'step'],
  ] as const) {
    assert.throws(
      () => parseStat(query(text), ''),
      (error: { code: string; field: string }) => error.code === 'WEFT-API-04' && error.field === field,
      text,
    );
  }
});

test('a filter that names what is in a namespace needs the right to see into it', () => {
  checkFilter({ from: 'bank' }, scope(['shop']));
  checkFilter({ from: 'shop/Deployment/web', service: 'shop/api:80' }, scope(['shop']));
  for (const filter of [
    { from: 'bank/Deployment/v' },
    { to: 'bank/Deployment/v' },
    { service: 'bank/v' },
    { route: 'bank/r' },
  ]) {
    assert.throws(() => checkFilter(filter, scope(['shop'])), { code: 'WEFT-API-02' });
  }
});

test('of ends in other namespaces only the namespace is told, and rows between those are left out', () => {
  const asked = parseStat(query('groupBy=source,destination,service,route,sourceVersion'), '');
  assert.deepEqual(withWitnesses(asked, false).groupBy.slice(5), ['sourceNamespace', 'destinationNamespace']);
  const seen = visiblePart(
    part(
      ['bank/Deployment/v', 'shop/Deployment/web', 'shop/web:80', 'bank/secret-route', 'v7', 'bank', 'shop'],
      ['shop/Deployment/web', 'bank/Deployment/v', 'bank/v:80', '', 'v1', 'shop', 'bank'],
      ['bank/Deployment/v', 'zoo/Deployment/ape', 'zoo/ape:80', '', 'v7', 'bank', 'zoo'],
      ['shop/Deployment/web', 'api.example.com', 'api.example.com:443', '', 'v1', 'shop', ''],
      ['', 'bank/Deployment/v', 'bank/v:80', '', '', '', 'bank'],
    ),
    asked,
    scope(['shop']),
  );
  assert.deepEqual(
    seen.rows.map(({ group }) => group),
    [
      ['bank', 'shop/Deployment/web', 'shop/web:80', 'bank', ''],
      ['shop/Deployment/web', 'bank', 'bank', '', 'v1'],
      ['shop/Deployment/web', 'api.example.com', 'api.example.com:443', '', 'v1'],
    ],
  );
});

test('who may see everything gets the part as it is', () => {
  const asked = parseStat(query('groupBy=source'), '');
  const whole = part(['bank/Deployment/v']);
  assert.equal(visiblePart(whole, asked, scope([], true)), whole);
  assert.equal(withWitnesses(asked, true), asked);
});
