import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MovableClock } from '../base/movable-clock.ts';
import type { CertificateAuthority } from '../base/api.ts';
import { silent } from '../base/log.ts';
import { registry } from '../base/metrics.ts';
import { WeftError } from '../base/errors.ts';
import { Authority } from '../ca/authority.ts';
import type { PodCertificateRequest } from '../ca/pod-certificate-request.ts';
import { dayMs, hourMs, podCertificateRequest, testMaterial } from '../ca/testing.ts';
import type { EventRecord } from '../kube/events.ts';
import { certificateAuthorities } from '../kube/resources.ts';
import { AuthorityController } from './authority-controller.ts';
import { authorityLifetimes } from './authority-settings.ts';
import { kubeError, newGraph, RecordedApi, settle, StubKeeper, StubLeadership } from './testing.ts';

const yearMs = 365 * dayMs;
const write = 'applyStatus certificateauthorities default';
const spec = {
  rootLifetime: '87600h',
  intermediateLifetime: '8760h',
  workloadLifetime: '24h',
  servingLifetime: '720h',
};

class RenewingKeeper extends StubKeeper {
  fault: WeftError | undefined;
  renewals = 0;
  renewal: () => Promise<void> = () => Promise.resolve();

  renewIfDue(): Promise<void> {
    this.renewals += 1;
    return this.renewal();
  }
}

function setUp(
  t: TestContext,
  options: { readonly leading?: boolean; readonly intermediateMs?: number } = {},
) {
  const clock = new MovableClock();
  const graph = newGraph();
  const authorities = graph.source<CertificateAuthority>('authorities');
  const requests = graph.source<PodCertificateRequest>('requests');
  const api = new RecordedApi();
  const keeper = new RenewingKeeper();
  keeper.give(new Authority(testMaterial(clock, options.intermediateMs), clock));
  const leadership = new StubLeadership(options.leading ?? true);
  const told: EventRecord[] = [];
  const controller = new AuthorityController({
    api,
    keeper,
    authorities,
    requests,
    leadership,
    events: { record: (event) => told.push(event) },
    clock,
    log: silent,
  });
  const stop = new AbortController();
  const run = controller.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  const stored = (): CertificateAuthority | undefined =>
    api.peek<CertificateAuthority>(certificateAuthorities, 'default');
  /** What the watch would tell of what is stored now. */
  const observe = async (): Promise<void> => {
    const object = stored();
    if (object !== undefined) authorities.set('default', { ...object, spec });
    await settle();
  };
  const issue = (name: string, atMs: number): void =>
    requests.set(`shop/${name}`, {
      ...podCertificateRequest(),
      status: {
        conditions: [
          {
            type: 'Issued',
            status: 'True',
            reason: 'Issued',
            message: '',
            lastTransitionTime: new Date(atMs).toISOString(),
          },
        ],
      },
    });
  const ready = () => stored()?.status?.conditions?.find(({ type }) => type === 'Ready');
  const reasons = () => told.map(({ reason, note }) => `${reason} ${note.slice(0, 11)}`);
  return { api, clock, issue, keeper, leadership, observe, ready, reasons, requests, stored, told };
}

test('creates the object where there is none, then tells what is in use', async (t) => {
  const { api, keeper, observe, ready, stored } = setUp(t);
  await settle();
  assert.deepEqual(api.writes, ['create certificateauthorities default']);
  await observe();
  assert.deepEqual(api.writes, ['create certificateauthorities default', write]);
  const status = stored()?.status;
  assert.equal(status?.root?.serial, keeper.authority?.root.serial);
  assert.equal(status?.intermediate?.notAfter, '2027-09-01T11:59:00Z');
  assert.match(status?.root?.fingerprint ?? '', /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.equal(status?.issued, 0);
  assert.deepEqual([ready()?.status, ready()?.reason], ['True', 'Ready']);
  await observe();
  assert.equal(api.writes.length, 2, 'nothing changed, nothing written');
});

test('counts what any replica signed, and writes the count at most every ten seconds', async (t) => {
  const { api, clock, issue, observe, requests, stored } = setUp(t);
  await settle();
  await observe();
  await observe();
  issue('a', clock.now());
  issue('b', clock.now());
  await settle();
  issue('b', clock.now());
  await settle();
  assert.equal(api.writes.length, 2);
  clock.advance(10_000);
  await settle();
  assert.equal(stored()?.status?.issued, 2);
  assert.equal(stored()?.status?.lastIssued, '2026-09-01T12:00:00Z');
  await observe();
  requests.delete('shop/a');
  issue('c', clock.now());
  await settle();
  clock.advance(10_000);
  await settle();
  assert.equal(stored()?.status?.issued, 3, 'what is gone was counted');
});

test('a new leader counts on from the status, with what was signed while nobody led', async (t) => {
  const { clock, issue, leadership, observe, requests, stored, api } = setUp(t, { leading: false });
  api.put<CertificateAuthority>(certificateAuthorities, {
    apiVersion: 'weft.dev/v1alpha1',
    kind: 'CertificateAuthority',
    metadata: { name: 'default', generation: 1 },
    spec,
    status: { issued: 41, lastIssued: new Date(clock.now()).toISOString() },
  });
  issue('counted', clock.now());
  issue('missed', clock.now() + 1_000);
  await settle();
  await observe();
  assert.deepEqual(api.writes, []);
  leadership.set(true);
  await settle();
  assert.equal(stored()?.status?.issued, 42);
  assert.equal(requests.size, 2);
});

test('renewal is looked at every hour, and a failure stops nothing else', async (t) => {
  const { clock, keeper, observe, ready } = setUp(t);
  keeper.renewal = () => Promise.reject(kubeError(403, 'Forbidden'));
  await settle();
  await observe();
  const before = keeper.renewals;
  clock.advance(hourMs);
  await settle();
  assert.equal(keeper.renewals, before + 1);
  assert.equal(ready()?.status, 'True');
});

test('warns of an intermediate that was due a day ago, once a day', async (t) => {
  const { clock, observe, ready, reasons, told } = setUp(t, { intermediateMs: 30 * dayMs });
  await settle();
  await observe();
  clock.advance(20 * dayMs);
  await settle();
  assert.deepEqual(reasons(), []);
  clock.advance(dayMs);
  await settle();
  assert.deepEqual(reasons(), ['IntermediateNotRenewed WEFT-CA-08:']);
  assert.deepEqual([ready()?.status, ready()?.reason], ['True', 'IntermediateNotRenewed']);
  clock.advance(22 * hourMs);
  await settle();
  assert.equal(told.length, 1);
  for (let hour = 0; hour < 3; hour++) {
    clock.advance(hourMs);
    await settle();
  }
  assert.equal(told.length, 2);
});

test('warns of a root that has a year left', async (t) => {
  const { clock, keeper, observe, ready, reasons } = setUp(t, { intermediateMs: 20 * yearMs });
  await settle();
  await observe();
  clock.advance(9 * yearMs - dayMs);
  keeper.give(keeper.authority as Authority);
  await settle();
  assert.deepEqual(reasons(), []);
  clock.advance(2 * dayMs);
  await settle();
  assert.deepEqual(reasons(), ['RootExpiresSoon WEFT-CA-07:']);
  assert.match(ready()?.message ?? '', /^WEFT-CA-07: It ends at 2036-08-29T/);
});

test('an authority that has ended is not ready', async (t) => {
  const { clock, observe, ready } = setUp(t, { intermediateMs: 30 * dayMs });
  await settle();
  await observe();
  clock.advance(31 * dayMs);
  await settle();
  assert.equal(ready()?.status, 'False');
});

test('a damaged Secret is told although the last good one is in use', async (t) => {
  const { keeper, observe, ready, told } = setUp(t);
  await settle();
  await observe();
  keeper.fault = new WeftError('WEFT-CA-01', 'rootKey is missing.');
  keeper.give(keeper.authority as Authority);
  await settle();
  assert.deepEqual([ready()?.status, ready()?.reason], ['True', 'SecretDamaged']);
  assert.equal(told.length, 1);
});

test('the metric tells how long every certificate lives, at the moment of the scrape', async (t) => {
  const { clock } = setUp(t);
  await settle();
  clock.advance(dayMs);
  const text = await registry.getSingleMetricAsString('weft_ca_expiry_seconds');
  const seconds = /certificate="intermediate"\} (\d+)/.exec(text)?.[1];
  assert.equal(Number(seconds), (364 * dayMs) / 1000 - 60);
});

test('lifetimes are read as the schema writes them, and have the defaults of the schema', () => {
  assert.deepEqual(authorityLifetimes(undefined), {
    rootMs: 3650 * dayMs,
    intermediateMs: 365 * dayMs,
    workloadMs: dayMs,
    servingMs: 30 * dayMs,
  });
  const some = authorityLifetimes({ spec: { ...spec, workloadLifetime: '1h30m', servingLifetime: '3600s' } });
  assert.deepEqual([some.workloadMs, some.servingMs], [1.5 * hourMs, hourMs]);
});
