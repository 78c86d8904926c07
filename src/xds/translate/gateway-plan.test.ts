import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misdirectedDomains, planRoutes } from './gateway-plan.ts';
import { terminate, testGateway } from './gateway-testing.ts';
import { anyHost, createHostnames } from './hostnames.ts';

/** HTTPS listeners with these hostnames on one port. */
function secured(...hostnames: readonly string[]) {
  const listeners = hostnames.map((hostname, index) => ({
    name: `l${index}`,
    protocol: 'HTTPS' as const,
    ...(hostname === anyHost ? {} : { hostname }),
    tls: terminate('infra/web'),
  }));
  return planRoutes('infra/web', testGateway('infra/web', [{ port: 443, listeners }]));
}

test('listeners of plaintext HTTP share one configuration, in which nothing is misdirected', () => {
  const plans = planRoutes(
    'infra/web',
    testGateway('infra/web', [
      {
        port: 80,
        listeners: [
          { name: 'a', protocol: 'HTTP', hostname: 'a.example.com' },
          { name: 'any', protocol: 'HTTP' },
        ],
      },
    ]),
  );
  assert.deepEqual(plans, [
    [
      'gateway/infra/web/tcp:80',
      {
        listeners: [
          { key: 'infra/web/a', hostname: 'a.example.com' },
          { key: 'infra/web/any', hostname: '*' },
        ],
        hostnames: ['a.example.com', '*'],
        secure: false,
      },
    ],
  ]);
});

test('a single HTTPS listener knows of no misdirected requests', () => {
  assert.deepEqual(
    secured('a.example.com').flatMap(([, plan]) => misdirectedDomains(plan)),
    [],
  );
});

/** Every name one could ask for, below and beside the hostnames of the test. */
const probes = ['a.b.c', 'x.a.b.c', 'y.x.a.b.c', 'b.c', 'z.b.c', 'c', 'd', 'q.d', 'w.q.d', 'unknown.example'];
const pool = ['*', '*.c', '*.b.c', '*.a.b.c', 'a.b.c', 'x.a.b.c', 'b.c', 'd', 'q.d', '*.d', '*.q.d'];

test('the misdirected domains of every listener are exactly what the others own, for all sets of four hostnames', () => {
  let checked = 0;
  for (const set of combinations(pool, 4)) {
    const all = createHostnames(set);
    for (const [, plan] of secured(...set)) {
      const own = plan.listeners[0]?.hostname ?? '';
      const misdirected = misdirectedDomains(plan);
      // As Envoy chooses among the domains of one configuration.
      const served = createHostnames([own, ...misdirected]);
      for (const probe of probes) {
        const owner = all.ownerOf(probe);
        const found = served.ownerOf(probe);
        const expected = owner === undefined ? 'nobody' : owner === own ? 'own' : 'misdirected';
        const actual = found === undefined ? 'nobody' : found === own ? 'own' : 'misdirected';
        assert.equal(actual, expected, `${probe} at ${own} of ${set.join(' ')}`);
        checked++;
      }
    }
  }
  assert.ok(checked > 10_000);
});

test('a wide other listener makes the narrow ones below it needless', () => {
  const domains = secured('a.b.c', '*', 'x.a.b.c', 'd').map(
    ([name, plan]) => [name, misdirectedDomains(plan)] as const,
  );
  const plans = new Map(domains);
  assert.deepEqual(plans.get('gateway/infra/web/l0'), ['*']);
  assert.deepEqual(plans.get('gateway/infra/web/l1'), ['a.b.c', 'd', 'x.a.b.c']);
});

function* combinations(from: readonly string[], size: number): Iterable<readonly string[]> {
  if (size === 0) yield [];
  for (const [index, first] of from.entries())
    if (size > 0) for (const rest of combinations(from.slice(index + 1), size - 1)) yield [first, ...rest];
}
