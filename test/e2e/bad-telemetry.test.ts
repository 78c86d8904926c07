/**
 * Telemetry of whoever lies, and clocks that are wrong, while a load runs whose requests are all to be answered and counted.
 * The liar is a pod of the mesh with the certificate that it really has.
 */

import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { metricsPort } from '../../src/base/names.ts';
import { observeBase } from '../../src/base/observe.ts';
import { tags } from '../../src/base/signals.ts';
import { leases } from '../../src/kube/resources.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { logsMethod } from '../../src/telemetry/exemplars.ts';
import type { Refusal } from '../../src/telemetry/judge.ts';
import { metricsMethod } from '../../src/telemetry/intake.ts';
import type { TrafficAnswer, TrafficRow } from '../../src/telemetry/model.ts';
import { temporalities } from '../../src/telemetry/otlp-metrics.ts';
import { connections, http, report, type TestPoint } from '../../src/telemetry/testing.ts';
import { type Answered, callOnce, type Credentials, credentialsOf, type Replica } from './ads.ts';
import { App, createService, deployApp, isReady, type Pod, putApp } from './apps.ts';
import { controlPlanePods, weftJson } from './control-plane.ts';
import { sumOf } from './evidence.ts';
import { type TestMesh, until, useMesh } from './harness.ts';
import { makeClocksSettable, setClock } from './settable-clock.ts';
import { Steady } from './steady.ts';

const namespace = 'bad-telemetry';
const hourMs = 3_600_000;
const liarWorkload = `${namespace}/Deployment/liar`;
/** The Service of the requests that are counted one by one. */
const service = `${namespace}/counted:80`;
const call = { kind: 'http', url: 'http://counted/', timeoutMs: 30_000 } as const;

let mesh: TestMesh;
let steady: Steady;
let liar: Credentials;
let replica: Replica;
/** Requests that steady-client has made of `service`. */
let made = 0;

function send(message: Buffer): Promise<Answered> {
  return callOnce(replica, liar, metricsMethod, message);
}

function sendPoints(...points: readonly TestPoint[]): Promise<Answered> {
  return send(report(points, Date.now()));
}

/** What the replica that the liar talks to has counted of it. */
function counted(metric: string): Promise<number> {
  return sumOf(replica.host, new RegExp(`^weft_telemetry_${metric}`), metricsPort);
}

async function logOfControlPlane(): Promise<string> {
  const selector = '--selector=app.kubernetes.io/name=weft';
  return mesh.cluster.kubectl(['-n', 'weft-system', 'logs', selector, '--tail=-1']);
}

async function stat(query: Readonly<Record<string, string>>): Promise<TrafficAnswer> {
  const chunks: Uint8Array[] = [];
  const parameters = new URLSearchParams({ window: '3600s', ...query }).toString();
  const path = `${observeBase}/namespaces/${namespace}/stat?${parameters}`;
  for await (const chunk of await mesh.api.stream(path)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as TrafficAnswer;
}

function requestsIn(rows: readonly TrafficRow[], group: TrafficRow['group']): number {
  const entries = Object.entries(group);
  return rows
    .filter((row) => entries.every(([name, value]) => row.group[name as keyof typeof row.group] === value))
    .reduce((sum, { requests }) => sum + requests, 0);
}

/** What `weft stat` shows of what steady-client asked of the counted Service. */
async function shown(): Promise<number> {
  const options = [`--namespace=${namespace}`, '--from=deploy/steady-client', '--window=3600s'];
  const { rows } = await weftJson<TrafficAnswer>(mesh, 'stat', 'svc', ...options);
  return requestsIn(rows, { service });
}

/** More requests are made, and `weft stat` comes to show all of them and never one more. */
async function numbersAreRight(): Promise<void> {
  const outcomes = await steady.client.calls({ call, count: 50, concurrency: 5 });
  assert.ok(
    outcomes.every(({ ok }) => ok),
    JSON.stringify(outcomes.find(({ ok }) => !ok)),
  );
  made += outcomes.length;
  let seen = 0;
  await until(
    `weft stat shows ${made} requests`,
    async () => {
      seen = await shown();
      assert.ok(seen <= made, `${seen} requests are shown of ${made}`);
      return seen === made ? true : undefined;
    },
    90_000,
    () => String(seen),
  );
}

const mine = (durations: readonly number[]): TestPoint => http({ side: 'client', service, durations });

suite('bad telemetry', () => {
  before(async () => {
    mesh = await useMesh();
    steady = await Steady.start(mesh, namespace);
    await createService(mesh.api, namespace, 'counted', { app: 'steady-server' });
    const app = await deployApp(mesh, namespace, { name: 'liar' });
    const [pod] = await app.ready(1);
    assert.ok(pod !== undefined);
    const { roots, ...credentials } = await credentialsOf(mesh, pod);
    liar = credentials;
    const [first] = (await controlPlanePods(mesh)).filter(isReady);
    replica = { host: first?.status.podIP ?? '', ca: roots };
    await numbersAreRight();
  });
  afterEach(() => steady.undisturbed());
  after(() => steady.stop());

  test('garbage is refused as a whole with WEFT-TEL-01, and neither it nor a key is in the log', async () => {
    const before = await counted('reports_total\\{result="refused"');
    const marker = 'nobody-may-read-this';
    const cut = report([mine([1])], Date.now()).subarray(0, 100);
    for (const garbage of [Buffer.from(marker), Buffer.alloc(100_000, 0xff), cut]) {
      for (const method of [metricsMethod, logsMethod]) {
        const { code, details } = await callOnce(replica, liar, method, garbage);
        assert.equal(code, 3, details);
        assert.match(details, /WEFT-TEL-01: /);
      }
    }
    assert.equal((await counted('reports_total\\{result="refused"')) - before, 6);
    const log = await logOfControlPlane();
    assert.match(log, new RegExp(`ns/${namespace}/sa/liar.*WEFT-TEL-01.*a report was refused`));
    assert.doesNotMatch(log, new RegExp(`${marker}|PRIVATE KEY|BEGIN CERTIFICATE`));
    await numbersAreRight();
  });

  const lies: readonly (readonly [string, Refusal, TestPoint])[] = [
    ['a metric that nobody counts', 'metric', { metric: 'made.up', tags: {}, value: 7 }],
    ['an unknown tag', 'tag', { ...mine([1]), tags: { ...mine([1]).tags, pod: 'web-1' } }],
    [
      'a sum since the start',
      'temporality',
      {
        ...connections('client', '', service, 'established'),
        temporality: temporalities.cumulative,
      },
    ],
    ['other buckets', 'bounds', { ...mine([1]), bounds: [1, 2, 3] }],
    ['a count that its buckets do not have', 'value', { ...mine([1]), count: 1_000_000 }],
    [
      'a Service that there is not',
      'service',
      http({ side: 'client', service: 'no/such:80', durations: [1] }),
    ],
    [
      'a name that no workload has',
      'end',
      { ...mine([1]), tags: { ...mine([1]).tags, [tags.peer]: 'CN=..,O=kube' } },
    ],
    ['a time a day and an hour ago', 'time', { ...mine([1]), timeMs: Date.now() - 25 * hourMs }],
    ['a time in a day and an hour', 'time', { ...mine([1]), timeMs: Date.now() + 25 * hourMs }],
  ];
  for (const [what, reason, lie] of lies) {
    test(`${what} is refused with WEFT-TEL-06 and the reason ${reason}`, async () => {
      const label = `refused_points_total\\{reason="${reason}"`;
      const refused = await counted(label);
      const { code, answer, details } = await sendPoints(lie, mine([1, 2, 3]));
      assert.equal(code, 0, details);
      const said = answer.toString('utf8');
      assert.match(said, new RegExp(`WEFT-TEL-06: 1 data points were refused, the first for ${reason}: `));
      assert.equal((await counted(label)) - refused, 1);
    });
  }

  test('the rest of such reports is counted, and the log names the reporter and the code', async () => {
    const told = lies.length * 3;
    await until(`${told} requests are counted`, async () =>
      (await requestsOfLiar()) === told ? true : undefined,
    );
    const line = `"reporter":"${liarWorkload}".*WEFT-TEL-06.*data points of a report were refused`;
    assert.match(await logOfControlPlane(), new RegExp(line));
    await numbersAreRight();
  });

  async function requestsOfLiar(): Promise<number> {
    const { rows } = await stat({ groupBy: 'source,service', from: liarWorkload });
    return requestsIn(rows, { source: liarWorkload, service });
  }

  test('whoever claims the traffic of others has only told of its own', async () => {
    const before = await requestsOfLiar();
    const peer = (name: string): string => `${namespace}/Deployment/${name}@v1`;
    const many = Array<number>(1_000).fill(1);
    const { code, answer } = await sendPoints(
      http({ side: 'client', peer: peer('steady-server'), service, durations: many }),
      http({ side: 'server', peer: peer('steady-client'), service, code: '503', durations: many }),
    );
    assert.deepEqual([code, answer.length], [0, 0], answer.toString('utf8'));
    await until('it is counted', async () =>
      (await requestsOfLiar()) === before + 1_000 ? true : undefined,
    );
    const { rows } = await stat({
      groupBy: 'source,destination',
      from: `${namespace}/Deployment/steady-client`,
    });
    assert.deepEqual(
      rows.filter(({ group }) => group.destination === liarWorkload),
      [],
    );
    assert.ok(rows.every(({ counts }) => counts.failures === 0));
    await numbersAreRight();
  });

  test('the clock of a proxy that is an hour off changes nothing: its counts are of when they came', async () => {
    const from = `${namespace}/Deployment/liar`;
    const path = `${namespace}/steady-server:80`;
    const off = (byMs: number): TestPoint => ({
      ...http({ side: 'client', service: path, durations: [1, 1] }),
      timeMs: Date.now() + byMs,
    });
    const sentMs = Date.now();
    for (const byMs of [-hourMs, hourMs]) {
      const { code, answer } = await sendPoints(off(byMs));
      assert.deepEqual([code, answer.length], [0, 0], answer.toString('utf8'));
    }
    const takenMs = Date.now();
    const found = await until('it is counted', async () => {
      const { rows } = await stat({ groupBy: 'service', step: '10s', from, service: path });
      return requestsIn(rows, { service: path }) === 4 ? rows : undefined;
    });
    for (const { atMs = 0 } of found) {
      assert.ok(atMs > sentMs - 11_000 && atMs <= takenMs, `${atMs} of ${sentMs} to ${takenMs}`);
    }
  });

  suite('a flood', () => {
    const peers = (count: number): readonly TestPoint[] =>
      Array.from({ length: count }, (_, index) =>
        http({ side: 'client', peer: `${namespace}/Deployment/flood-${index}`, service, durations: [1] }),
      );

    test('of points in one report is refused', async () => {
      const { code, details } = await sendPoints(...peers(5_001));
      assert.equal(code, 3, details);
      assert.match(details, /WEFT-TEL-01: The report has more than 5000 data points/);
    });

    test('of bytes is refused', async () => {
      const { code, details } = await send(Buffer.alloc(64 << 20));
      assert.notEqual(code, 0);
      assert.match(details, /WEFT-XDS-07/);
    });

    test('of series is counted without its ends, an answer says so, and others have their places', async () => {
      const before = await counted('overflowed_points_total');
      for (const half of [peers(5_000).slice(0, 2_500), peers(5_000).slice(2_500)]) {
        assert.equal((await sendPoints(...half)).code, 0);
      }
      assert.ok((await counted('overflowed_points_total')) - before >= 3_000);
      const { gaps } = await stat({ groupBy: 'service' });
      assert.ok(
        gaps.some((gap) => /was told more series by one workload than it keeps of one \(2000\)/.test(gap)),
        gaps.join('\n'),
      );
      assert.match(
        await logOfControlPlane(),
        new RegExp(`"reporter":"${liarWorkload}".*more series than are kept`),
      );
      await createService(mesh.api, namespace, 'late', { app: 'steady-server' });
      const url = 'http://late/';
      await until('it is known', async () =>
        (await steady.client.call({ ...call, url })).ok ? true : undefined,
      );
      await until('it is counted', async () =>
        requestsIn((await stat({ groupBy: 'source,service' })).rows, {
          source: `${namespace}/Deployment/steady-client`,
          service: `${namespace}/late:80`,
        }) > 0
          ? true
          : undefined,
      );
      await numbersAreRight();
    });

    test('of reports is one line in the log', async () => {
      const lines = async (): Promise<number> =>
        (await logOfControlPlane()).split('\n').filter((line) => /sa\/liar.*a report was refused/.test(line))
          .length;
      const [before, startedMs] = [await lines(), performance.now()];
      const statuses = await Promise.all(Array.from({ length: 200 }, () => send(Buffer.from('garbage'))));
      assert.ok(statuses.every(({ code }) => code === 3));
      const minutes = Math.ceil((performance.now() - startedMs) / 60_000);
      assert.ok((await lines()) - before <= minutes);
      await numbersAreRight();
    });
  });

  suite('clocks of the control plane', () => {
    let restore: () => Promise<void>;
    let pods: readonly Pod[];
    let holder: string;
    type Lease = KubeObject & {
      readonly spec: { readonly holderIdentity: string; readonly leaseTransitions: number };
    };

    const lease = async (): Promise<Lease> => {
      const found = await mesh.api.get<Lease>(leases, 'weft', 'weft-system');
      assert.ok(found !== undefined);
      return found;
    };

    before(async () => {
      restore = await makeClocksSettable(mesh);
      made = 0;
      pods = await controlPlanePods(mesh);
      holder = await until('one of the replicas leads', async () => {
        const { holderIdentity } = (await lease()).spec;
        return pods.some(({ metadata }) => metadata.name === holderIdentity) ? holderIdentity : undefined;
      });
      await numbersAreRight();
    });
    after(() => restore());

    async function everythingGoesOn(name: string): Promise<void> {
      const { metadata, spec } = await lease();
      assert.equal(spec.holderIdentity, holder);
      await numbersAreRight();
      // The change of an object reaches proxies.
      await createService(mesh.api, namespace, name, { app: 'steady-server' });
      const url = `http://${name}/`;
      await until(`${name} is known`, async () =>
        (await steady.client.call({ ...call, url })).ok ? true : undefined,
      );
      await until('the Lease is renewed', async () =>
        (await lease()).metadata.resourceVersion === metadata.resourceVersion ? undefined : true,
      );
      assert.equal((await lease()).spec.leaseTransitions, spec.leaseTransitions, 'the same replica leads');
    }

    /** Names of the replicas whose clocks `weft check` finds wrong, all of which must be these. */
    async function checkFindsWrong(expected: readonly Pod[]): Promise<void> {
      const { results } = await weftJson<{
        readonly results: readonly { readonly check: string; readonly level: string }[];
      }>(mesh, 'check');
      const found = results.find(({ check }) => check === 'replica-clocks');
      assert.equal(found?.level === 'ok', expected.length === 0, JSON.stringify(found));
      for (const { metadata } of expected) assert.ok(JSON.stringify(found).includes(metadata.name));
    }

    for (const [who, chosen] of [
      ['the leader', (pod: Pod) => pod.metadata.name === holder],
      ['every replica', () => true],
    ] as const) {
      test(`of ${who} are set two hours forward, and back: answers say so, all else goes on`, async () => {
        const jumping = pods.filter(chosen);
        const isSomebodyRight = jumping.length < pods.length;
        const hold = await steady.holdStreams();
        const newcomer = new App(mesh, namespace, who.replace(' ', '-'));
        for (const [aheadMs, direction] of [
          [2 * hourMs, 'forward'],
          [0, 'back'],
        ] as const) {
          await Promise.all(jumping.map((pod) => setClock(pod, aheadMs)));
          if (aheadMs > 0) await putApp(mesh, namespace, { name: newcomer.name });
          for (const { metadata } of jumping) {
            const gap = `The clock of replica ${metadata.name} was set ${direction} by 2 h`;
            await until(`an answer says: ${gap}`, async () =>
              (await stat({ groupBy: 'service' })).gaps.some((one) => one.startsWith(gap)) ? true : undefined,
            );
          }
          await checkFindsWrong(aheadMs > 0 ? jumping : []);
          await everythingGoesOn(`${newcomer.name}-${direction}`);
          // The API server takes no certificate of a clock that is more than five minutes off.
          if (aheadMs === 0 || isSomebodyRight) await newcomer.ready(1);
          else assert.match(await logOfControlPlane(), new RegExp(`"${namespace}/.*WEFT-CA-09: `));
        }
        assert.ok((await newcomer.call(call)).ok);
        await hold();
        assert.doesNotMatch(await logOfControlPlane(), /no longer leads/);
        assert.deepEqual(
          (await controlPlanePods(mesh)).map(({ metadata, status }) => [
            metadata.name,
            status.containerStatuses?.[0]?.restartCount,
          ]),
          pods.map(({ metadata }) => [metadata.name, 0]),
        );
      });
    }
  });
});
