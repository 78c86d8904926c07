import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { durationBoundsMs } from '../base/signals.ts';
import { ExemplarStore, logsMethod } from './exemplars.ts';
import { Reporters, type ReportingPeer } from './reporter.ts';
import { telemetryWorld } from './testing-world.ts';

const trace = 'a'.repeat(32);
const other = 'b'.repeat(32);

let store: ExemplarStore;
let nowMs = 1_000;

beforeEach(() => {
  nowMs = 1_000;
  const pods = { entries: () => [][Symbol.iterator](), get: () => undefined };
  const reporters = new Reporters({
    pods: pods as unknown as ConstructorParameters<typeof Reporters>[0]['pods'],
    review: () => Promise.reject(new Error('nobody shows a token')),
  });
  store = new ExemplarStore({ reporters, clock: { now: () => nowMs } });
});

function peer(workload: string, namespace = 'shop'): ReportingPeer {
  const uri = `spiffe://cluster.local/ns/${namespace}/sa/default`;
  return { kind: 'certificate', uri, subject: `CN=Deployment/${workload}\nO=${namespace}` };
}

/** Fields that a receiver does not look for stand before and behind those that it does. */
function logs(...bodies: readonly string[]): Buffer {
  const record = (body: string): Buffer =>
    wrap(
      2,
      Buffer.concat([Buffer.from([0x09, 1, 2, 3, 4, 5, 6, 7, 8]), wrap(5, wrap(1, Buffer.from(body)))]),
    );
  return wrap(1, Buffer.concat([wrap(1, Buffer.alloc(3, 0x08)), wrap(2, Buffer.concat(bodies.map(record)))]));
}

function wrap(field: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest % 128) | 0x80);
  }
  return Buffer.concat([Buffer.from([field * 8 + 2, ...length]), content]);
}

const line = (duration: number | string, id = trace, flags = '01'): string =>
  `${typeof duration === 'number' ? duration * 1_000 : duration} 00-${id}-${'c'.repeat(16)}-${flags}`;

test('the newest request of each bucket of durations is kept, by the workload that tells it', async () => {
  await store.take(peer('web'), logs(line(0), line(6, other)));
  nowMs = 2_000;
  await store.take(peer('web'), logs(line(5)));
  const bucket = durationBoundsMs.findIndex((bound) => 6 < bound);
  assert.deepEqual(store.newest('shop/Deployment/web', 0), { traceId: trace, durationMs: 0, atMs: 1_000 });
  assert.deepEqual(store.newest('shop/Deployment/web', bucket), {
    traceId: trace,
    durationMs: 5,
    atMs: 2_000,
  });
  assert.equal(store.newest('shop/Deployment/api', 0), undefined);
});

test('what takes longer than all bounds is in the last bucket', async () => {
  await store.take(peer('web'), logs(line(999_999)));
  assert.equal(store.newest('shop/Deployment/web', durationBoundsMs.length)?.durationMs, 999_999);
});

for (const [what, body] of [
  ['whose trace is not recorded', line(1, trace, '00')],
  ['without a trace', '1 -'],
  ['whose duration is no number', line('x')],
  ['that is something else', 'hello'],
  ['with more behind it', `${line(1)}\n`],
] as const) {
  test(`a request ${what} is no exemplar`, async () => {
    await store.take(peer('web'), logs(body));
    assert.equal(store.newest('shop/Deployment/web', 0), undefined);
    assert.equal(store.newest('shop/Deployment/web', 1), undefined);
  });
}

test('a report that cannot be read is refused, and one of nobody as well', async () => {
  await assert.rejects(store.take(peer('web'), Buffer.from([0x0a, 0x7f])), { code: 'WEFT-TEL-01' });
  await assert.rejects(store.take({ kind: 'certificate', uri: 'x', subject: '' }, logs(line(1))), {
    code: 'WEFT-TEL-02',
  });
});

test('workloads beyond the bound push out the one that has been silent longest', async () => {
  await store.take(peer('first'), logs(line(0)));
  await store.take(peer('second'), logs(line(0)));
  await store.take(peer('first'), logs(line(0)));
  for (let i = 0; i < 1_999; i++) await store.take(peer(`w${i}`), logs(line(0)));
  assert.equal(store.newest('shop/Deployment/second', 0), undefined);
  assert.ok(store.newest('shop/Deployment/first', 0));
});

test('a request is shown also by a replica to which none of the callers reports', async () => {
  const world = await telemetryWorld();
  await world.telemetry.methods.get(logsMethod)?.(world.peer('shop/Deployment/web'), logs(line(6)));
  const text = world.telemetry.exposition('openmetrics');
  const labels = 'destination_namespace="shop",destination_workload="Deployment/web"';
  const of = (what: string): string => `weft_mesh_request_duration_seconds_${what}`;
  const shown = text.split('\n').filter((each) => each.includes(`trace_id="${trace}"`));
  assert.equal(shown.length, 1);
  assert.match(shown[0] ?? '', new RegExp(`^${of('bucket')}{${labels},le="0.007"} 0 # .* 0.006 `));
  assert.ok(text.includes(`${of('count')}{${labels}} 0\n`), text);
  world.telemetry.close();
});
