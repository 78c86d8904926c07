import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { silent } from '../base/log.ts';
import { MovableClock } from '../base/movable-clock.ts';
import { KubeError } from './errors.ts';
import { LeaderElection } from './lease.ts';
import type { KubeApi, KubeObject, RequestOptions } from './types.ts';

interface LeaseObject extends KubeObject {
  readonly spec: { readonly holderIdentity: string; readonly leaseTransitions: number };
}

/** One Lease, with the conflicts that an API server makes of stale versions. */
class LeaseServer implements Pick<KubeApi, 'request'> {
  lease: LeaseObject | undefined;
  readonly writes: string[] = [];
  /** Keyed by identity: that replica's requests fail, or never end. */
  readonly trouble = new Map<string, 'fail' | 'hang'>();
  #version = 0;

  /** The API as one replica sees it. */
  seenBy(identity: string): Pick<KubeApi, 'request'> {
    return {
      request: async <T>(method: string, _path: string, options: RequestOptions = {}): Promise<T> => {
        const trouble = this.trouble.get(identity);
        if (trouble === 'fail') throw new KubeError('WEFT-KUBE-04', 'down', { status: 503, reason: 'Down' });
        if (trouble === 'hang') await hang(options.signal);
        return (await this.request(method, options.body)) as T;
      },
    };
  }

  request<T>(method: string, body: unknown): Promise<T> {
    const lease = body as LeaseObject;
    if (method === 'GET') {
      return this.lease === undefined ? refuse(404) : Promise.resolve(this.lease as T);
    }
    if (method === 'POST' && this.lease !== undefined) return refuse(409);
    if (method === 'PUT' && lease.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
      return refuse(409);
    }
    this.writes.push(`${method} ${lease.spec.holderIdentity}`);
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.#version) } };
    return Promise.resolve(this.lease as T);
  }
}

function refuse(status: number): Promise<never> {
  return Promise.reject(new KubeError('WEFT-KUBE-03', 'refused', { status, reason: 'Refused' }));
}

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}

let clock: MovableClock;
let server: LeaseServer;
const running: { readonly stop: AbortController; readonly done: Promise<void> }[] = [];

beforeEach(() => {
  clock = new MovableClock();
  server = new LeaseServer();
});

afterEach(async () => {
  server.trouble.clear();
  for (const { stop } of running) stop.abort();
  await Promise.all(running.splice(0).map(({ done }) => done));
});

interface Replica {
  readonly election: LeaderElection;
  readonly changes: boolean[];
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

function replica(identity: string): Replica {
  const election = new LeaderElection({
    api: server.seenBy(identity),
    namespace: 'weft-system',
    name: 'weft',
    identity,
    log: silent,
    clock,
  });
  const changes: boolean[] = [];
  election.subscribe((leading) => changes.push(leading));
  const stop = new AbortController();
  const done = election.run(stop.signal);
  running.push({ stop, done });
  return { election, changes, stop, done };
}

/** Moves time in steps smaller than the election's, and lets every replica act at each. */
async function pass(seconds: number): Promise<void> {
  for (let step = 0; step < seconds * 2; step++) {
    await settle();
    clock.advance(500);
  }
  await settle();
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('the first replica creates the Lease and renews it', async () => {
  const a = replica('a');
  await pass(9);
  assert.equal(a.election.leading, true);
  assert.deepEqual(a.changes, [true]);
  assert.equal(server.writes[0], 'POST a');
  assert.ok(server.writes.length >= 4 && server.writes.slice(1).every((write) => write === 'PUT a'));
  assert.equal(server.lease?.spec.leaseTransitions, 0);
});

test('of many replicas that start at once exactly one leads', async () => {
  const replicas = ['a', 'b', 'c', 'd'].map(replica);
  await pass(60);
  assert.equal(replicas.filter(({ election }) => election.leading).length, 1);
  assert.equal(server.writes.filter((write) => write.startsWith('POST')).length, 1);
});

test('a leader that stops gives the Lease up, and another takes it at its next look', async () => {
  const a = replica('a');
  await settle();
  const b = replica('b');
  await pass(4);
  assert.equal(b.election.leading, false);
  a.stop.abort();
  await a.done;
  assert.deepEqual(a.changes, [true, false]);
  assert.equal(server.lease?.spec.holderIdentity, '');
  await pass(2.5);
  assert.equal(b.election.leading, true);
  assert.equal(server.lease?.spec.leaseTransitions, 1);
});

for (const trouble of ['fail', 'hang'] as const) {
  test(`a leader whose renewals ${trouble} stops leading before another can start`, async () => {
    const a = replica('a');
    await settle();
    const b = replica('b');
    await pass(4);
    server.trouble.set('a', trouble);
    let stoppedAt = 0;
    let startedAt = 0;
    a.election.subscribe((leading) => {
      if (!leading) stoppedAt = clock.now();
    });
    b.election.subscribe((leading) => {
      if (leading) startedAt = clock.now();
    });
    const brokenAt = clock.now();
    await pass(25);
    assert.equal(a.election.leading, false);
    assert.equal(b.election.leading, true);
    assert.ok(stoppedAt - brokenAt <= 10_000, `stopped after ${stoppedAt - brokenAt} ms`);
    assert.ok(startedAt - stoppedAt >= 3_000, `${startedAt - stoppedAt} ms without a leader`);
  });
}

test('a leader that cannot renew for a moment goes on leading', async () => {
  const a = replica('a');
  await pass(3);
  server.trouble.set('a', 'fail');
  await pass(6);
  server.trouble.clear();
  await pass(20);
  assert.deepEqual(a.changes, [true]);
});

test("a clock that is set, forwards or back, neither ends nor begins anybody's lead", async () => {
  const a = replica('a');
  await settle();
  const b = replica('b');
  await pass(4);
  for (const byMs of [7_200_000, -14_400_000]) {
    clock.jump(byMs);
    const written = server.writes.length;
    await pass(30);
    assert.ok(server.writes.length >= written + 10, 'it is renewed as before');
  }
  assert.deepEqual([a.changes, b.changes], [[true], []]);
});

test('a clock that is set forwards does not take from the time that a leader has to renew', async () => {
  const a = replica('a');
  await settle();
  const b = replica('b');
  await pass(4);
  server.trouble.set('a', 'fail');
  clock.jump(7_200_000);
  await pass(6);
  server.trouble.clear();
  await pass(20);
  assert.deepEqual([a.changes, b.changes], [[true], []]);
});

test('a clock that is set back does not add to it', async () => {
  const a = replica('a');
  await settle();
  const b = replica('b');
  await pass(4);
  server.trouble.set('a', 'fail');
  clock.jump(-7_200_000);
  await pass(25);
  assert.deepEqual([a.changes, b.changes], [[true, false], [true]]);
});

test('a crashed leader is replaced when its Lease has not changed for its duration', async () => {
  server.lease = {
    metadata: { name: 'weft', resourceVersion: 'old' },
    // Its clock was years ahead: only what this replica sees change counts.
    spec: {
      holderIdentity: 'dead',
      leaseTransitions: 3,
      leaseDurationSeconds: 15,
      renewTime: '2099-01-01T00:00:00.000000Z',
    } as LeaseObject['spec'],
  };
  const a = replica('a');
  await pass(14);
  assert.equal(a.election.leading, false);
  await pass(4);
  assert.equal(a.election.leading, true);
  assert.equal(server.lease.spec.leaseTransitions, 4);
});

test('a leader whose Lease was taken by another stops at its next look', async () => {
  const a = replica('a');
  await pass(3);
  const lease = server.lease as LeaseObject;
  server.lease = {
    metadata: { ...lease.metadata, resourceVersion: 'theirs' },
    spec: { ...lease.spec, holderIdentity: 'z' },
  };
  await pass(2.5);
  assert.equal(a.election.leading, false);
});

test('a Lease that is deleted is made again by its leader', async () => {
  const a = replica('a');
  await pass(3);
  server.lease = undefined;
  await pass(3);
  assert.equal(a.election.leading, true);
  assert.equal(server.writes.filter((write) => write === 'POST a').length, 2);
});

test('a listener that throws stops neither the others nor the election', async () => {
  const election = new LeaderElection({
    api: server.seenBy('a'),
    namespace: 'weft-system',
    name: 'weft',
    identity: 'a',
    log: silent,
    clock,
  });
  let told = false;
  election.subscribe(() => {
    throw new Error('listener');
  });
  election.subscribe((leading) => {
    told = leading;
  });
  const stop = new AbortController();
  running.push({ stop, done: election.run(stop.signal) });
  await settle();
  assert.equal(told, true);
  assert.equal(election.leading, true);
});
