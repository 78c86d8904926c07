import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Collection } from '../graph/types.ts';
import type { EventRecord } from '../kube/events.ts';
import type { KubeObject } from '../kube/types.ts';
import type { EncodedResource, ResourceAcks, Translation } from '../xds/resource.ts';
import { RejectionReporter } from './rejections.ts';
import { newGraph } from './testing.ts';

/** A route resource made from whatever objects the test puts into the sources. */
function setUp(t: TestContext) {
  const graph = newGraph();
  const acks = graph.source<ResourceAcks>('acks');
  const httproutes = graph.source<KubeObject>('httproutes');
  const services = graph.source<KubeObject>('services');
  const names = graph.source<readonly string[]>('names');
  const onDemand = graph.source<EncodedResource>('onDemand');
  const route: Collection<EncodedResource> = graph.derive('route', names, (name, from, read) => {
    for (const key of from) {
      read(httproutes, key);
      read(services, key);
    }
    return { name, version: 'v', body: new Uint8Array(), needs: [] };
  });
  const told: EventRecord[] = [];
  const reporter = new RejectionReporter({
    acks,
    graph,
    translation: { resources: { route }, onDemand, presence: [] } as unknown as Translation,
    objects: { httproutes },
    events: { record: (event) => told.push(event) },
  });
  const stop = new AbortController();
  const run = reporter.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await run;
  });
  const object = (name: string): KubeObject => ({
    metadata: { name, namespace: 'shop', uid: `uid-${name}` },
  });
  const reject = async (version: string): Promise<void> => {
    await graph.settled();
    acks.set('route svc/shop/web:80', {
      holders: 2,
      current: 0,
      served: 'old',
      rejected: { version, message: 'bad regex' },
    });
    await graph.settled();
  };
  const regarding = () => told.map((event) => event.regarding);
  return { acks, graph, httproutes, names, object, regarding, reject, services, told };
}

test('every route that the rejected resource was made from is told, with the words of Envoy', async (t) => {
  const { httproutes, names, object, regarding, reject, services, told } = setUp(t);
  for (const name of ['a', 'b']) httproutes.set(`shop/${name}`, object(name));
  services.set('shop/a', object('a'));
  names.set('svc/shop/web:80', ['shop/a', 'shop/b']);
  await reject('v1');
  const common = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', namespace: 'shop' };
  assert.deepEqual(regarding(), [
    { ...common, name: 'a', uid: 'uid-a' },
    { ...common, name: 'b', uid: 'uid-b' },
  ]);
  assert.match(told[0]?.note ?? '', /^WEFT-XDS-10: Envoy rejects route svc\/shop\/web:80: bad regex/);
});

test('a Service is told where no route or policy had a part', async (t) => {
  const { names, object, regarding, reject, services } = setUp(t);
  services.set('shop/web', object('web'));
  names.set('svc/shop/web:80', ['shop/web']);
  await reject('v1');
  assert.deepEqual(regarding(), [{ apiVersion: 'v1', kind: 'Service', name: 'web', namespace: 'shop' }]);
});

test('one rejection is told once, that of the next version again', async (t) => {
  const { acks, graph, httproutes, names, object, reject, told } = setUp(t);
  httproutes.set('shop/a', object('a'));
  names.set('svc/shop/web:80', ['shop/a']);
  await reject('v1');
  acks.set('route svc/shop/web:80', {
    holders: 3,
    current: 1,
    served: 'old',
    rejected: { version: 'v1', message: 'bad regex' },
  });
  await graph.settled();
  assert.equal(told.length, 1);
  await reject('v2');
  assert.equal(told.length, 2);
});
