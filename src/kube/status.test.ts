import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpRoutes } from './resources.ts';
import { formatMicroTime, formatTime, holds, mergeConditions, writeStatus } from './status.ts';
import type { ApplyOptions, Condition, KubeObject, ResourceType } from './types.ts';

const then = Date.UTC(2026, 0, 1);
const now = Date.UTC(2026, 8, 1, 12, 30, 15, 250);

function condition(type: string, status: Condition['status'], more: Partial<Condition> = {}): Condition {
  return { type, status, reason: 'Because', message: '', ...more };
}

test('a condition keeps the time of its last change of status', () => {
  const previous = [
    condition('Accepted', 'True', { lastTransitionTime: formatTime(then) }),
    condition('Programmed', 'True', { lastTransitionTime: formatTime(then) }),
  ];
  const merged = mergeConditions(
    previous,
    [
      condition('Accepted', 'True', { reason: 'Other', message: 'reworded', observedGeneration: 7 }),
      condition('Programmed', 'False'),
      condition('ResolvedRefs', 'True'),
    ],
    now,
  );
  assert.deepEqual(
    merged.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    [
      ['Accepted', '2026-01-01T00:00:00Z'],
      ['Programmed', '2026-09-01T12:30:15Z'],
      ['ResolvedRefs', '2026-09-01T12:30:15Z'],
    ],
  );
  assert.equal(merged[0]?.reason, 'Other');
  assert.equal(merged[0]?.observedGeneration, 7);
});

test('a first status and one without times get the time of now', () => {
  const [fresh] = mergeConditions(undefined, [condition('Ready', 'True')], now);
  const [timeless] = mergeConditions([condition('Ready', 'True')], [condition('Ready', 'True')], now);
  assert.equal(fresh?.lastTransitionTime, '2026-09-01T12:30:15Z');
  assert.equal(timeless?.lastTransitionTime, '2026-09-01T12:30:15Z');
});

test('times have the form that Kubernetes reads', () => {
  assert.equal(formatTime(now), '2026-09-01T12:30:15Z');
  assert.equal(formatMicroTime(now), '2026-09-01T12:30:15.250000Z');
});

test('what is there is compared with what is wanted', () => {
  const cases: readonly [string, unknown, unknown, boolean][] = [
    ['order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['undefined fields', { a: 1 }, { a: 1, b: undefined }, true],
    ['a field to be removed', { a: 1, b: 2 }, { a: 1 }, false],
    ['a field to be added', { a: 1 }, { a: 1, b: 2 }, false],
    ['no status yet', undefined, { a: 1 }, false],
    ['lists', [1, 2], [1, 2], true],
    ['order of lists', [1, 2], [2, 1], false],
    ['shorter list', [1, 2], [1], false],
    ['list and object', [], {}, false],
    ['null and object', null, {}, false],
    [
      'conditions of others',
      { conditions: [condition('Theirs', 'False'), condition('Ours', 'True')] },
      { conditions: [condition('Ours', 'True')] },
      true,
    ],
    [
      'a condition that changed',
      { conditions: [condition('Ours', 'True')] },
      { conditions: [condition('Ours', 'False')] },
      false,
    ],
    [
      'a condition that is missing',
      { conditions: [condition('Theirs', 'True')] },
      { conditions: [condition('Ours', 'True')] },
      false,
    ],
  ];
  for (const [name, current, desired, expected] of cases)
    assert.equal(holds(current, desired), expected, name);
});

test('a status is applied with force by its one field manager, and only when it differs', async () => {
  const applied: [ResourceType, KubeObject, ApplyOptions][] = [];
  const api = {
    applyStatus: <T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> => {
      applied.push([type, object, options]);
      return Promise.resolve(object);
    },
  };
  const status = { conditions: [condition('Ready', 'True')] };
  const metadata = { name: 'a', namespace: 'shop', labels: { app: 'web' }, resourceVersion: '5' };
  const options = { fieldManager: 'weft-test' };
  assert.equal(await writeStatus(api, httpRoutes, { metadata, status }, status, options), false);
  assert.equal(applied.length, 0);
  assert.equal(await writeStatus(api, httpRoutes, { metadata }, status, options), true);
  assert.deepEqual(applied, [
    [
      httpRoutes,
      { metadata: { name: 'a', namespace: 'shop' }, status },
      { fieldManager: 'weft-test', force: true },
    ],
  ]);
});
