import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import { KubeError } from './errors.ts';
import { type EventRecord, EventRecorder } from './events.ts';
import { collectingLog, type LoggedLine } from './testing.ts';
import type { RequestOptions } from './types.ts';

interface SentEvent {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly note: string;
  readonly eventTime: string;
  readonly regarding: { readonly kind: string };
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: SentEvent;
}

let clock: MovableClock;
let sent: Sent[];
/** Errors for the next requests. */
let faults: Error[];
let lines: readonly LoggedLine[];
let recorder: EventRecorder;

beforeEach(() => {
  clock = new MovableClock();
  sent = [];
  faults = [];
  const collected = collectingLog();
  lines = collected.lines;
  recorder = new EventRecorder({
    api: {
      request: <T>(method: string, path: string, options: RequestOptions = {}): Promise<T> => {
        const fault = faults.shift();
        if (fault !== undefined) return Promise.reject(fault);
        sent.push({ method, path, body: options.body as SentEvent });
        return Promise.resolve({} as T);
      },
    },
    instance: 'weft-0',
    log: collected.log,
    clock,
  });
});

function about(name: string, more: Partial<EventRecord> = {}): EventRecord {
  return {
    regarding: { apiVersion: 'v1', kind: 'Service', name, namespace: 'shop' },
    type: 'Warning',
    reason: 'BackendNotFound',
    action: 'Translate',
    note: 'There is no Service b.',
    ...more,
  };
}

const refusal = (status: number): KubeError =>
  new KubeError('WEFT-KUBE-03', `refused with ${status}`, { status, reason: 'Refused' });

test('an Event is written at once, in the namespace of its object', async () => {
  recorder.record(about('a'));
  await recorder.flush();
  assert.equal(sent[0]?.method, 'POST');
  assert.equal(sent[0]?.path, '/apis/events.k8s.io/v1/namespaces/shop/events');
  const { body } = sent[0];
  assert.equal(body.note, 'There is no Service b.');
  assert.equal(body.eventTime, '2026-09-01T12:00:00.000000Z');
  assert.equal(body.reportingController, 'weft.dev/weft');
  assert.equal(body.reportingInstance, 'weft-0');
  assert.equal(body.series, undefined);
  assert.match(body.metadata.name, /^a\.[0-9a-f]{16}$/);
});

test('an Event about a cluster-scoped object lives in default', async () => {
  recorder.record(
    about('m', { regarding: { apiVersion: 'weft.dev/v1alpha1', kind: 'MeshConfig', name: 'm' } }),
  );
  await recorder.flush();
  assert.equal(sent[0]?.body.metadata.namespace, 'default');
});

test('a repetition counts up the same Event, after an interval and not each time', async () => {
  recorder.record(about('a'));
  await recorder.flush();
  for (let time = 0; time < 100; time++) recorder.record(about('a'));
  clock.advance(29_999);
  assert.equal(sent.length, 1);
  clock.advance(1);
  await recorder.flush();
  assert.equal(sent.length, 2);
  assert.equal(sent[1]?.method, 'PATCH');
  assert.equal(sent[1]?.path, `/apis/events.k8s.io/v1/namespaces/shop/events/${sent[0]?.body.metadata.name}`);
  assert.deepEqual(sent[1]?.body, {
    series: { count: 101, lastObservedTime: '2026-09-01T12:00:00.000000Z' },
  });
});

test('Events that differ in any part are Events of their own', async () => {
  recorder.record(about('a'));
  recorder.record(about('b'));
  recorder.record(about('a', { note: 'Another.' }));
  recorder.record(about('a', { reason: 'RefNotPermitted' }));
  recorder.record(about('a', { type: 'Normal' }));
  await recorder.flush();
  assert.deepEqual(
    sent.map(({ method }) => method),
    ['POST', 'POST', 'POST', 'POST', 'POST'],
  );
});

test('after six quiet minutes the same thing is a new Event', async () => {
  recorder.record(about('a'));
  await recorder.flush();
  clock.advance(6 * 60_000);
  recorder.record(about('a'));
  await recorder.flush();
  assert.deepEqual(
    sent.map(({ method }) => method),
    ['POST', 'POST'],
  );
  assert.notEqual(sent[0]?.body.metadata.name, sent[1]?.body.metadata.name);
});

test('a count whose Event has expired is told in a new one', async () => {
  recorder.record(about('a'));
  await recorder.flush();
  recorder.record(about('a'));
  faults.push(refusal(404));
  await recorder.flush();
  assert.equal(sent[1]?.method, 'POST');
  assert.equal(sent[1]?.body.series?.count, 2);
});

test('one object cannot fill the cluster with Events; others are not held back', async () => {
  for (let index = 0; index < 200; index++) recorder.record(about('a', { note: `note ${index}` }));
  recorder.record(about('b'));
  await recorder.flush();
  assert.equal(sent.length, 26);
  assert.equal(sent.at(-1)?.path.includes('shop'), true);
  clock.advance(5 * 60_000);
  recorder.record(about('a', { note: 'one more' }));
  recorder.record(about('a', { note: 'and one too many' }));
  await recorder.flush();
  assert.equal(sent.length, 27);
});

test('an Event that cannot be written is logged, and the next one is written', async () => {
  faults.push(refusal(403));
  recorder.record(about('a'));
  recorder.record(about('b'));
  await recorder.flush();
  assert.equal(sent.length, 1);
  assert.equal(lines[0]?.message, 'event not written');
});

test('a long note is cut between characters', async () => {
  recorder.record(about('a', { note: '€'.repeat(1000) }));
  await recorder.flush();
  const note = sent[0]?.body.note ?? '';
  assert.ok(Buffer.byteLength(note) <= 1024);
  assert.match(note, /^€+…$/);
});

test('names of 253 characters still make a name', async () => {
  recorder.record(about('x'.repeat(253)));
  await recorder.flush();
  assert.ok((sent[0]?.body.metadata.name.length ?? 999) <= 253);
});

test('what is pending is bounded while the API server does not answer', async () => {
  for (let index = 0; index < 5000; index++) recorder.record(about(`object-${index}`));
  await recorder.flush();
  assert.equal(sent.length, 1000);
});
