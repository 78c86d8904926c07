import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AncestorsVerdict, policyAncestors } from './policy-ancestors.ts';
import type { StatusObject } from './status-controller.ts';

const nowMs = Date.UTC(2026, 8, 1, 12);
const metadata = { name: 'p', namespace: 'shop', generation: 2 };
const service = (name: string) => ({ group: '', kind: 'Service', namespace: 'shop', name });
const verdictOn = (...names: readonly string[]): AncestorsVerdict => ({
  generation: 2,
  ancestors: names.map((name) => ({
    ref: service(name),
    conditions: [{ type: 'Accepted', status: true, reason: 'Accepted', message: 'the policy holds' }],
  })),
});

function objectWith(...ancestors: readonly object[]): StatusObject {
  return { metadata, status: { ancestors } } as StatusObject;
}

const namesOf = (status: ReturnType<typeof policyAncestors>): readonly string[] | undefined =>
  status?.ancestors.map(({ ancestorRef, controllerName }) => `${ancestorRef.name} ${controllerName}`);

test('each ancestor has its conditions, of the generation that was judged', () => {
  assert.deepEqual(policyAncestors({ metadata }, verdictOn('web'), nowMs), {
    ancestors: [
      {
        ancestorRef: service('web'),
        controllerName: 'weft.dev/mesh',
        conditions: [
          {
            type: 'Accepted',
            status: 'True',
            reason: 'Accepted',
            message: 'the policy holds',
            observedGeneration: 2,
            lastTransitionTime: '2026-09-01T12:00:00Z',
          },
        ],
      },
    ],
  });
});

test("others' entries stay as and where they are; ours are updated, added and taken back", () => {
  const entry = (name: string, controllerName: string) => ({
    ancestorRef: service(name),
    controllerName,
    conditions: [],
  });
  const other = entry('web', 'example.com/other');
  const object = objectWith(entry('gone', 'weft.dev/mesh'), other, entry('web', 'weft.dev/mesh'));
  const status = policyAncestors(object, verdictOn('web', 'api'), nowMs);
  assert.deepEqual(namesOf(status), ['web example.com/other', 'web weft.dev/mesh', 'api weft.dev/mesh']);
  assert.equal(status?.ancestors[0], other);
});

test('there are never more than sixteen of ours and others', () => {
  const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
  assert.equal(policyAncestors({ metadata }, verdictOn(...names), nowMs)?.ancestors.length, 16);
});

test('without a verdict only what was ours is taken back', () => {
  assert.equal(policyAncestors({ metadata }, undefined, nowMs), undefined);
  const ours = { ancestorRef: service('web'), controllerName: 'weft.dev/mesh', conditions: [] };
  assert.deepEqual(policyAncestors(objectWith(ours), undefined, nowMs), { ancestors: [] });
});
