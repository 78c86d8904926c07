import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { observeGroup, observeVersion } from '../base/observe.ts';
import type { TapEvent, TapLine } from '../telemetry/model.ts';
import type { TapSpec } from '../telemetry/tap-filter.ts';
import { openScope } from './access.ts';
import type { Question } from './resources.ts';
import { parseTap, tapsResource } from './taps.ts';

const event: TapEvent = {
  at: '2026-09-01T12:00:00.000Z',
  pod: 'shop/web-1',
  side: 'client',
  source: { kind: 'workload', namespace: 'shop', name: 'Deployment/web', version: 'v1' },
  destination: { kind: 'workload', namespace: 'bank', name: 'Deployment/ledger', version: 'v1' },
  sourceIdentity: 'spiffe://cluster.local/ns/shop/sa/web',
  destinationIdentity: 'spiffe://cluster.local/ns/bank/sa/ledger',
  service: 'bank/ledger:80',
  route: 'bank/ledger',
  protocol: 'http/1.1',
  method: 'GET',
  authority: 'ledger.bank',
  path: '/',
  status: 200,
  flags: [],
  requestId: '',
  traceId: '',
  attempts: 1,
  bytesReceived: 0,
  bytesSent: 0,
  durationMs: 1,
};

/** Asks as somebody with these rights: `verb resource namespace`. */
async function ask(
  parameters: string,
  rights: readonly string[],
): Promise<{ lines: TapLine[]; spec?: TapSpec }> {
  const asked: TapSpec[] = [];
  const resource = tapsResource({
    open: async function* (spec) {
      asked.push(spec);
      yield await Promise.resolve({ at: event.at, notice: 'Watching.' });
      yield event;
    },
  });
  const path = {
    group: observeGroup,
    version: observeVersion,
    namespace: 'shop',
    resource: 'taps',
    name: '',
    subresource: '',
  };
  const user = { username: 'ada', uid: '', groups: [], extra: {} };
  const may = (verb: string, what: string, namespace: string): Promise<boolean> =>
    Promise.resolve(rights.includes(`${verb} ${what} ${namespace}`));
  const permission = await openScope(
    (_, access) =>
      may(access.verb, [access.resource, access.subresource].filter(Boolean).join('/'), access.namespace),
    user,
    'watch',
    path,
    false,
  );
  const question: Question = {
    path,
    query: new URLSearchParams(parameters),
    signal: new AbortController().signal,
    ...permission,
    may: (verb, what, subresource = '') => may(verb, [what, subresource].filter(Boolean).join('/'), 'shop'),
  };
  const answer = await resource.answer(question);
  assert.ok(answer.kind === 'stream');
  const lines: TapLine[] = [];
  for await (const line of answer.items) lines.push(line as TapLine);
  const [spec] = asked;
  return { lines, ...(spec === undefined ? {} : { spec }) };
}

const watcher = ['watch taps shop'];

describe('who watches', () => {
  test('needs the right to it in the namespace', async () => {
    await assert.rejects(ask('target=deploy/web', []), { code: 'WEFT-API-02', status: 403 });
  });

  test('sees of an end in a namespace that is not theirs only the namespace', async () => {
    const { lines } = await ask('target=deploy/web', watcher);
    const shown = lines[1] as TapEvent;
    assert.deepEqual(shown.destination, { kind: 'workload', namespace: 'bank', name: '', version: '' });
    assert.deepEqual([shown.destinationIdentity, shown.service, shown.route], ['', '', '']);
    assert.deepEqual(shown.source, event.source);
  });

  test('sees everything of ends that they may read', async () => {
    const { lines } = await ask('target=deploy/web', [...watcher, 'list taps bank']);
    assert.deepEqual(lines[1], event);
  });

  for (const [parameters, subresource] of [
    ['secrets=true', 'secrets'],
    ['bodies=true', 'bodies'],
    ['header=authorization=Bearer', 'secrets'],
  ] as const) {
    test(`needs a right of its own for ${parameters}, and is told which`, async () => {
      await assert.rejects(ask(parameters, watcher), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`may not watch taps/${subresource}\\.observe\\.weft\\.dev in namespace shop`),
        );
        return true;
      });
      const { spec } = await ask(parameters, [...watcher, `watch taps/${subresource} shop`]);
      assert.ok(spec?.content !== undefined);
    });
  }

  test('needs no more than the right to watch for ordinary headers', async () => {
    const { spec } = await ask('headers=true&header=x-canary', watcher);
    assert.deepEqual(spec?.content, {
      headers: true,
      secrets: false,
      bodies: false,
      match: { name: 'x-canary' },
    });
  });
});

describe('a question', () => {
  const parse = (parameters: string): TapSpec => parseTap(new URLSearchParams(parameters), 'shop');

  test('is read as people write it', () => {
    assert.deepEqual(parse('target=deploy/web&to=svc/cart:80&method=get&status=5xx&path=/x&max-rps=7'), {
      target: 'shop/Deployment/web',
      to: 'service/shop/cart:80',
      method: 'GET',
      status: '5xx',
      path: '/x',
      maxPerSecond: 7,
    });
    assert.deepEqual(parse('target=&path=&max-rps='), { target: 'shop', maxPerSecond: 100 });
  });

  for (const parameters of [
    'target=web',
    'target=bank/Deployment/ledger',
    'target=svc/web',
    'target=ns/bank',
    'from=svc/web',
    'from=deploy/a&to=deploy/b',
    'status=teapot',
    'path=relative',
    'max-rps=0',
    'max-rps=1000000',
    'max-rps=many',
    'header=not a name',
    'unknown=1',
  ]) {
    test(`${parameters} is refused`, () => {
      assert.throws(() => parse(parameters), { code: 'WEFT-API-04' });
    });
  }
});
