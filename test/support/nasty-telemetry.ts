/**
 * Telemetry as odd as an API server lets it be, or an older one might have: each list begins with ordinary values, so that
 * some policies hold.
 */

import type { MeshConfig, TelemetryPolicy } from '../../src/base/api.ts';
import type { Random } from '../../src/graph/random.ts';
import { meshConfig, telemetryPolicy } from '../../src/mesh/testing-objects.ts';

type Spec = TelemetryPolicy['spec'];
type Telemetry = NonNullable<MeshConfig['spec']['telemetry']>;

const formats: readonly string[] = [
  '%REQ(:METHOD)% %RESPONSE_CODE%',
  '%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%',
  '%REQ(A?B):1%|%RESP(c):99999%|%TRAILER(d)%',
  '%%%DURATION%%%',
  'plain',
  '"\\ \t {"a": 1} \u2028 ü 🎉',
  'x'.repeat(4096),
  '%TRACE_ID%'.repeat(400),
  '%START_TIME()%%START_TIME(%s)%%START_TIME(%9f)%',
  '',
  '%',
  '%REQ()%',
  '%REQ(a)',
  '%REQ(:)%',
  '%REQ(a):0%',
  '%DURATION:3%',
  '%NO_SUCH%',
  '%CEL(request.headers)%',
  '%ENVIRONMENT(HOME)%',
  '%FILTER_STATE(a:b:c)%',
  '%START_TIME(%)%',
  '%START_TIME(%1f%2f%3f%4f)%',
  '%REQ(a b)%',
  '%REQ(%DURATION%)%',
  'a\nb',
  'a\0b',
];

const names: readonly string[] = [
  'a',
  'http.status',
  '_',
  'b-c.d_e',
  'x'.repeat(64),
  '',
  'a b',
  'a\0',
  'ü',
  '%a%',
];
const headers: readonly string[] = [
  'x-trace',
  'a',
  'host',
  'x_y',
  'traceparent',
  'x'.repeat(128),
  '',
  ':path',
  'X-A',
  "x' in request.headers || '",
  'a b',
  'a\n',
  '%',
];
const shares: readonly number[] = [0, 100, 0.0001, 33.333_333, 99.999_99, 50, -1, 101, 1e9, Number.MIN_VALUE];
const durations: readonly string[] = [
  '1s',
  '0s',
  '99999h',
  '99999h99999m99999s99999ms',
  '1',
  '',
  '-1s',
  '1.5s',
];
const literals: readonly string[] = ['v', 'ü', '%DURATION%', 'x'.repeat(256), '"', 'a\nb', ''];
const addresses: readonly string[] = [
  '127.0.0.1:9',
  'otel.invalid:4317',
  '[::1]:9',
  'localhost:65535',
  'host:0',
  'host:99999',
  'host',
  ':1',
  'a b:1',
  'http://a:1',
  '[zz]:1',
];

export const providerNames = ['service', 'missing-service', 'grpc', 'http', 'odd', 'not-there'] as const;

/** Providers, of which the last may be odd, and what the mesh tells them. */
export function someNastyConfig(random: Random): MeshConfig {
  const { accessLog, tracing } = someSections(random);
  const telemetry: Telemetry = {
    providers: [
      { name: 'service', protocol: 'GRPC', service: { namespace: 'shop', name: 'web', port: 80 } },
      { name: 'missing-service', protocol: 'HTTP', service: { namespace: 'shop', name: 'gone', port: 1 } },
      { name: 'grpc', protocol: 'GRPC', address: '127.0.0.1:9' },
      { name: 'http', protocol: 'HTTP', address: '[::1]:9' },
      { name: 'odd', protocol: random.pick(['GRPC', 'HTTP']), address: random.pick(addresses) },
    ],
    ...(accessLog === undefined ? {} : { accessLog }),
    ...(tracing === undefined ? {} : { tracing }),
  };
  return meshConfig({ telemetry });
}

/** @param targets what the policy may be for */
export function someNastyPolicy(random: Random, name: string, targets: Spec['targetRefs']): TelemetryPolicy {
  const targetRefs =
    targets === undefined || chance(random, 0.3) ? {} : { targetRefs: [random.pick(targets)] };
  return telemetryPolicy(name, { ...targetRefs, ...someSections(random) });
}

function someSections(random: Random): Pick<Spec, 'accessLog' | 'tracing' | 'metrics' | 'tap'> {
  return {
    ...maybe(random, () => ({ accessLog: someLog(random) })),
    ...maybe(random, () => ({ tracing: someTracing(random) })),
    ...maybe(random, () => ({ metrics: { mode: random.pick(['On', 'Off'] as const) } })),
    ...maybe(random, () => ({ tap: random.pick(['Allow', 'Deny'] as const) })),
  };
}

function someLog(random: Random): NonNullable<Spec['accessLog']> {
  const json = Array.from({ length: 1 + random.below(4) }, () => ({
    name: someOf(random, names),
    value: someOf(random, formats),
  }));
  return {
    mode: 'On',
    ...maybe(random, () => ({ format: chance(random, 0.5) ? { json } : { text: someOf(random, formats) } })),
    ...maybe(random, () => ({
      filter: {
        ...maybe(random, () => ({
          statusClasses: ['1xx', '2xx', '3xx', '4xx', '5xx', 'none'].filter(() =>
            chance(random, 0.5),
          ) as NonNullable<NonNullable<Spec['accessLog']>['filter']>['statusClasses'] & object,
        })),
        ...maybe(random, () => ({ minDuration: someOf(random, durations) })),
        ...maybe(random, () => ({ samplingPercent: someOf(random, shares) })),
      },
    })),
    ...maybe(random, () => ({ provider: random.pick(providerNames) })),
  };
}

function someTracing(random: Random): NonNullable<Spec['tracing']> {
  return {
    mode: 'On',
    ...maybe(random, () => ({ provider: random.pick(providerNames) })),
    ...maybe(random, () => ({ samplingPercent: someOf(random, shares) })),
    ...maybe(random, () => ({
      customTags: Array.from({ length: 1 + random.below(3) }, () => ({
        name: someOf(random, names),
        ...(chance(random, 0.5)
          ? { literal: someOf(random, literals) }
          : { requestHeader: someOf(random, headers) }),
      })),
    })),
    ...maybe(random, () => ({ forceHeader: someOf(random, headers) })),
    ...maybe(random, () => ({ readB3: chance(random, 0.5) })),
  };
}

/** Mostly one of the first half, which are fine, so that whole policies are. */
function someOf<T>(random: Random, list: readonly T[]): T {
  return chance(random, 0.85) ? random.pick(list.slice(0, Math.ceil(list.length / 3))) : random.pick(list);
}

function maybe<T extends object>(random: Random, make: () => T): Partial<T> {
  return chance(random, 0.6) ? make() : {};
}

function chance(random: Random, share: number): boolean {
  return random.below(100) < share * 100;
}
