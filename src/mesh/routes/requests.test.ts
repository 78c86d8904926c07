/**
 * Requests to random gateways: what the listeners' hosts make of a request, read as a proxy reads them, is what Gateway
 * API says, told here anew from the objects. `WEFT_ROUTES_SEED=<seed>` repeats one run.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, type Random } from '../../graph/random.ts';
import type { HTTPRule } from '../kubernetes.ts';
import type { RouteMatch } from '../model.ts';
import { service } from '../testing-objects.ts';
import type { TestMesh } from '../testing.ts';
import { gateway, gatewayWorld, routeOf } from './testing.ts';

const seeds =
  process.env['WEFT_ROUTES_SEED'] === undefined
    ? Array.from({ length: 60 }, (_, i) => i + 1)
    : [Number(process.env['WEFT_ROUTES_SEED'])];

const hostnames = ['a.io', '*.io', 'x.a.io', '*.a.io', '*.x.a.io', 'b.org'];
const hosts = ['a.io', 'x.a.io', 'y.x.a.io', 'z.a.io', 'q.io', 'b.org', 'c.org'];
const paths = ['/', '/p', '/p/q', '/pq'];
const headers = ['h1', 'h2'];

interface Request {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly headers: readonly string[];
}

interface Route {
  readonly name: string;
  readonly section: string | undefined;
  readonly hostnames: readonly string[];
  readonly createdAt: string;
  readonly rules: readonly HTTPRule[];
}

const some = <T>(random: Random, from: readonly T[]): readonly T[] =>
  from.filter(() => random.below(2) === 0);

function someRoute(random: Random, index: number, listeners: number): Route {
  const rules = Array.from({ length: 1 + random.below(3) }, (): HTTPRule => {
    const type = random.pick(['Exact', 'PathPrefix']);
    const match = {
      path: { type, value: random.pick(paths) },
      ...(random.below(4) === 0 ? { method: 'PUT' } : {}),
      headers: some(random, headers).map((name) => ({ name, value: '1' })),
    };
    return { matches: [match], backendRefs: [{ name: 'web', port: 80 }] };
  }).map((rule, i) => ({ ...rule, name: `r${i}` }));
  return {
    name: `route-${index}`,
    section: random.below(2) === 0 ? undefined : `l${random.below(listeners)}`,
    hostnames: random.below(3) === 0 ? [] : [...new Set([random.pick(hostnames), random.pick(hostnames)])],
    createdAt: `2026-01-0${1 + random.below(3)}T00:00:00Z`,
    rules,
  };
}

/** Whether a hostname of a listener or route means the host; none means all. */
function means(hostname: string | undefined, host: string): boolean {
  if (hostname === undefined) return true;
  return hostname.startsWith('*.') ? host.endsWith(hostname.slice(1)) : hostname === host;
}

/** By characters without a wildcard, then with one. */
function rank(hostname: string | undefined): readonly number[] {
  if (hostname === undefined) return [0, 0];
  return [hostname.startsWith('*') ? 0 : hostname.length, hostname.length];
}

function matches(
  { path, method, headers: wanted = [] }: NonNullable<HTTPRule['matches']>[number],
  request: Request,
) {
  const { type, value = '/' } = path ?? {};
  const byPath =
    type === 'Exact'
      ? request.path === value
      : value === '/' || request.path === value || request.path.startsWith(`${value}/`);
  if (!byPath || (method !== undefined && method !== request.method)) return false;
  return wanted.every(({ name }) => request.headers.includes(name));
}

/** As the specification tells it: the most specific listener, hostname, then match; then age, name and place. */
function expected(
  request: Request,
  listeners: readonly (string | undefined)[],
  routes: readonly Route[],
): string {
  const [listener] = listeners
    .map((hostname, i) => ({ hostname, name: `l${i}` }))
    .filter(({ hostname }) => means(hostname, request.host))
    .sort((a, b) => compare(rank(b.hostname), rank(a.hostname)));
  if (listener === undefined) return 'no listener';
  const candidates = routes
    .filter(({ section }) => section === undefined || section === listener.name)
    .flatMap((route) => {
      const named = route.hostnames.length === 0 ? [undefined] : route.hostnames;
      const [by] = named
        .filter((hostname) => means(hostname, request.host))
        .map(rank)
        .sort((a, b) => compare(b, a));
      if (by === undefined) return [];
      return route.rules.flatMap((rule, place) => {
        const [match] = rule.matches ?? [];
        if (match === undefined || !matches(match, request)) return [];
        const value = match.path?.value ?? '/';
        const order = [
          -(by[0] ?? 0),
          -(by[1] ?? 0),
          match.path?.type === 'Exact' ? 0 : 1,
          -value.length,
          match.method === undefined ? 1 : 0,
          -(match.headers?.length ?? 0),
          Date.parse(route.createdAt),
        ];
        return [{ order, name: route.name, place, is: `${route.name} ${rule.name}` }];
      });
    });
  candidates.sort(
    (a, b) => compare(a.order, b.order) || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.place - b.place),
  );
  return candidates[0]?.is ?? '404';
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value - (b[i] ?? 0);
  return 0;
}

/** As a proxy reads it: of all domains on the port the most specific one, and its first rule that matches. */
function actual(world: TestMesh, request: Request): string {
  const all = [...world.mesh.gateway.listenerHosts.entries()].flatMap(([, value]) => value.hosts);
  const [host] = all
    .filter(({ domain }) => domain === '*' || means(domain, request.host))
    .sort((a, b) => compare(rank(domainOf(b.domain)), rank(domainOf(a.domain))));
  if (host === undefined) return 'no listener';
  const rule = host.rules.find(({ match }) => matchesRule(match, request));
  return rule === undefined ? '404' : `${rule.route.replace('infra/', '')} ${rule.ruleName}`;
}

function domainOf(domain: string): string | undefined {
  return domain === '*' ? undefined : domain;
}

function matchesRule({ path, method, headers: wanted }: RouteMatch, request: Request): boolean {
  return matches({ path, ...(method === undefined ? {} : { method }), headers: wanted }, request);
}

async function run(random: Random): Promise<number> {
  const listeners = [...new Set([undefined, ...some(random, hostnames)].slice(random.below(2)))];
  if (listeners.length === 0) return 0;
  const routes = Array.from({ length: 1 + random.below(6) }, (_, i) =>
    someRoute(random, i, listeners.length),
  );
  const world = await gatewayWorld(
    service('infra/web', '10.96.0.1'),
    gateway(
      'infra/gw',
      listeners.map((hostname) => (hostname === undefined ? {} : { hostname })),
    ),
    ...routes.map(({ name, section, ...parts }) =>
      routeOf('HTTPRoute', `infra/${name}`, {
        ...parts,
        parents: [{ name: 'gw', ...(section === undefined ? {} : { sectionName: section }) }],
      }),
    ),
  );
  let answered = 0;
  for (const host of hosts) {
    for (const path of paths) {
      for (const method of ['GET', 'PUT']) {
        const request = { host, path, method, headers: some(random, headers) };
        const wanted = expected(request, listeners, routes);
        assert.equal(actual(world, request), wanted, JSON.stringify({ request, listeners, routes }));
        if (wanted.startsWith('route-')) answered++;
      }
    }
  }
  return answered;
}

test('every request gets the rule that the specification says', async () => {
  let answered = 0;
  for (const seed of seeds) {
    answered += await run(createRandom(seed)).catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${seed}: ${detail}`, { cause: error });
    });
  }
  assert.ok(answered > 10 * seeds.length, 'the requests say too little');
});
