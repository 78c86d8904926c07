import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { MeshConfig, TelemetryPolicy } from '../base/api.ts';
import { Graph } from '../graph/graph.ts';
import type { TelemetryProfile } from './model.ts';
import { defaultFormat } from './telemetry-settings.ts';
import { meshConfig, pod, route, service, telemetryPolicy } from './testing-objects.ts';
import { createTestMesh, type TestMesh } from './testing.ts';

type Telemetry = NonNullable<MeshConfig['spec']['telemetry']>;
type Spec = TelemetryPolicy['spec'];

let world: TestMesh;

beforeEach(async () => {
  world = createTestMesh(new Graph({ onError: (error) => assert.ifError(error) }));
  await world.apply(
    pod('shop/web-1', '10.0.0.1', { labels: { app: 'web', tier: 'front' } }),
    pod('shop/api-1', '10.0.0.2', { labels: { app: 'api', tier: 'back' } }),
    pod('other/web-1', '10.0.0.3', { labels: { app: 'web' } }),
  );
});

const collector = {
  name: 'collector',
  protocol: 'GRPC',
  service: { namespace: 'observe', name: 'collector', port: 4317 },
} as const;
const outside = { name: 'outside', protocol: 'HTTP', address: '[fd00::1]:4318' } as const;
const everything: Telemetry = {
  providers: [collector, outside],
  accessLog: { mode: 'On' },
  tracing: { mode: 'On', provider: 'collector', samplingPercent: 5, forceHeader: 'x-trace' },
};

const target = (name: string, kind = 'Deployment', group = 'apps') => ({
  targetRefs: [{ group, kind, name }],
});
const profile = (workload: string): TelemetryProfile | undefined => {
  const shared = world.mesh.settings.get('default')?.telemetry.profile;
  return world.mesh.telemetryProfiles.get(workload) ?? shared;
};
const web = (): TelemetryProfile | undefined => profile('shop/Deployment/web');
const api = (): TelemetryProfile | undefined => profile('shop/Deployment/api');
const verdict = (key: string): string => {
  const { accepted, workloads = [], routes = [] } = world.mesh.telemetryVerdicts.get(key) ?? {};
  return `${accepted?.reason} ${workloads.length} ${routes.length}`;
};
const message = (key: string): string | undefined => world.mesh.telemetryVerdicts.get(key)?.accepted.message;

describe('settings of the mesh', () => {
  test('without any, requests are counted and may be seen live, and that is all', () => {
    assert.deepEqual(web(), { metrics: true, tap: true });
  });

  test('hold for every workload, with the defaults of what they leave out', async () => {
    await world.apply(meshConfig({ telemetry: everything }));
    assert.deepEqual(web()?.accessLog, { format: defaultFormat });
    assert.deepEqual(web()?.tracing, {
      provider: {
        name: 'collector',
        protocol: 'GRPC',
        target: { kind: 'service', servicePort: 'observe/collector:4317' },
      },
      samplingPercent: 5,
      customTags: [],
      forceHeader: 'x-trace',
      readB3: false,
    });
    assert.equal(world.mesh.telemetryProfiles.size, 0);
  });

  test('say where an address leads, and where metrics go', async () => {
    await world.apply(meshConfig({ telemetry: { providers: [outside], metrics: { provider: 'outside' } } }));
    assert.deepEqual(world.mesh.settings.get('default')?.telemetry.metricsExport, {
      name: 'outside',
      protocol: 'HTTP',
      target: { kind: 'host', host: 'fd00::1', port: 4318 },
    });
  });

  test('lose only what cannot be used, should an older schema have let it in', async () => {
    const broken = { name: 'broken', protocol: 'GRPC', address: 'host:99999' } as const;
    const format = { text: '%NO_SUCH%' };
    await world.apply(
      meshConfig({
        telemetry: {
          providers: [broken, collector],
          accessLog: { mode: 'On', format },
          tracing: { mode: 'On', provider: 'collector' },
        },
      }),
    );
    assert.deepEqual(Object.keys(world.mesh.settings.get('default')?.telemetry.providers ?? {}), [
      'collector',
    ]);
    assert.equal(web()?.accessLog, undefined);
    assert.equal(web()?.tracing?.samplingPercent, 1);
  });

  test('keep who takes the reports from reporting them', async () => {
    const own = service('observe/collector', '10.96.0.9', [{ name: 'otlp', port: 4317 }], {
      selector: { app: 'collector' },
    });
    await world.apply(
      meshConfig({ telemetry: everything }),
      own,
      pod('observe/collector-1', '10.0.0.9', { labels: { app: 'collector' } }),
      pod('observe/viewer-1', '10.0.0.10', { labels: { app: 'viewer' } }),
    );
    assert.deepEqual(profile('observe/Deployment/collector'), { metrics: true, tap: true });
    assert.equal(profile('observe/Deployment/viewer')?.tracing?.samplingPercent, 5);
    await world.apply(telemetryPolicy('observe/loud', { tracing: { mode: 'On', samplingPercent: 9 } }));
    assert.equal(profile('observe/Deployment/collector')?.tracing?.samplingPercent, 9);
    assert.equal(profile('observe/Deployment/collector')?.accessLog, undefined);
  });
});

describe('policies', () => {
  beforeEach(() => world.apply(meshConfig({ telemetry: everything })));

  test('say their sections in the place of the mesh, and what a section leaves out is the mesh’s', async () => {
    await world.apply(
      telemetryPolicy('shop/all', {
        tracing: { mode: 'On', samplingPercent: 50 },
        accessLog: { mode: 'Off' },
      }),
    );
    assert.equal(web()?.tracing?.samplingPercent, 50);
    assert.equal(web()?.tracing?.forceHeader, 'x-trace');
    assert.equal(web()?.tracing?.provider.name, 'collector');
    assert.equal(web()?.accessLog, undefined);
    assert.equal(profile('other/Deployment/web')?.tracing?.samplingPercent, 5);
    assert.equal(verdict('shop/all'), 'Accepted 2 0');
  });

  test('are decided section by section: the more specific one, then the older one', async () => {
    await world.apply(
      telemetryPolicy('shop/namespace', { tap: 'Deny', metrics: { mode: 'Off' } }, '2020-01-01T00:00:00Z'),
      telemetryPolicy(
        'shop/labels',
        { selector: { matchLabels: { tier: 'front' } }, tap: 'Allow' },
        '2021-01-01T00:00:00Z',
      ),
      telemetryPolicy('shop/late', { tap: 'Allow' }, '2022-01-01T00:00:00Z'),
    );
    assert.deepEqual([web()?.tap, web()?.metrics], [true, false]);
    assert.deepEqual([api()?.tap, api()?.metrics], [false, false]);
    assert.equal(verdict('shop/late'), 'Conflicted 0 0');
    assert.match(message('shop/late') ?? '', /older policies hold for the same: shop\/namespace/);
  });

  test('of different sections hold beside each other', async () => {
    await world.apply(
      telemetryPolicy('shop/a', { tap: 'Deny' }, '2020-01-01T00:00:00Z'),
      telemetryPolicy('shop/b', { metrics: { mode: 'Off' } }, '2021-01-01T00:00:00Z'),
    );
    assert.deepEqual([verdict('shop/a'), verdict('shop/b')], ['Accepted 2 0', 'Accepted 2 0']);
    assert.deepEqual([web()?.tap, web()?.metrics], [false, false]);
  });

  test('read filters and formats', async () => {
    const accessLog: Spec['accessLog'] = {
      mode: 'On',
      provider: 'outside',
      format: { text: '%DURATION%' },
      filter: { statusClasses: ['none', '5xx', '5xx'], minDuration: '1m2s3ms', samplingPercent: 0.5 },
    };
    await world.apply(telemetryPolicy('shop/log', { ...target('web'), accessLog }));
    const { provider, ...rest } = web()?.accessLog ?? {};
    assert.equal(provider?.name, 'outside');
    assert.deepEqual(rest, {
      format: { kind: 'text', text: '%DURATION%' },
      statusClasses: ['5xx', 'none'],
      minDurationMs: 62_003,
      samplingPercent: 0.5,
    });
    assert.deepEqual(api()?.accessLog, { format: defaultFormat });
  });

  for (const [what, spec, why] of [
    [
      'a provider that does not exist',
      { accessLog: { mode: 'On', provider: 'gone' } },
      /no telemetry provider gone/,
    ],
    [
      'a format that Envoy refuses',
      { accessLog: { mode: 'On', format: { text: '%' } } },
      /begins no command/,
    ],
    [
      'a header that is none',
      { tracing: { mode: 'On', forceHeader: "x' || true || '" } },
      /no value of this field/,
    ],
    ['a share beyond all', { tracing: { mode: 'On', samplingPercent: 101 } }, /101 is no value/],
    [
      'a field without a name',
      { accessLog: { mode: 'On', format: { json: [{ name: '', value: 'a' }] } } },
      /no value/,
    ],
  ] as const) {
    test(`with ${what} change nothing and say so`, async () => {
      await world.apply(telemetryPolicy('shop/bad', { ...spec, tap: 'Deny' } as Spec));
      assert.equal(world.mesh.telemetryVerdicts.get('shop/bad')?.accepted.reason, 'Invalid');
      assert.match(message('shop/bad') ?? '', why);
      assert.deepEqual(web()?.accessLog, { format: defaultFormat });
      assert.equal(web()?.tracing?.samplingPercent, 5);
    });
  }

  test('for traces need somebody who takes them', async () => {
    await world.apply(meshConfig({}), telemetryPolicy('shop/t', { tracing: { mode: 'On' } }));
    assert.equal(verdict('shop/t').split(' ')[0], 'Invalid');
    assert.match(message('shop/t') ?? '', /names no provider/);
    await world.apply(telemetryPolicy('shop/t', { tracing: { mode: 'Off' } }));
    assert.equal(verdict('shop/t'), 'Accepted 2 0');
  });

  test('whose targets do not exist say which', async () => {
    await world.apply(
      telemetryPolicy('shop/gone', { ...target('gone'), tap: 'Deny' }),
      telemetryPolicy('shop/gateway', {
        ...target('gone', 'Gateway', 'gateway.networking.k8s.io'),
        tap: 'Deny',
      }),
    );
    assert.equal(verdict('shop/gone'), 'TargetNotFound 0 0');
    assert.match(message('shop/gateway') ?? '', /Gateway\/gone/);
  });
});

describe('policies for routes', () => {
  const forRoute = (name: string, samplingPercent: number, createdAt?: string) =>
    telemetryPolicy(
      `shop/${name}`,
      {
        ...target('web', 'HTTPRoute', 'gateway.networking.k8s.io'),
        tracing: { mode: 'On', samplingPercent },
      },
      createdAt,
    );
  const sampling = (): number | undefined => world.mesh.routeSampling.get('HTTPRoute/shop/web');

  test('say how much of them is traced, and nothing of workloads', async () => {
    await world.apply(route('shop/web', [{ name: 'web' }], []), forRoute('share', 12.5));
    assert.equal(sampling(), 12.5);
    assert.equal(verdict('shop/share'), 'Accepted 0 1');
    assert.equal(world.mesh.telemetryProfiles.size, 0);
    await world.remove('TelemetryPolicy shop/share');
    assert.equal(sampling(), undefined);
  });

  test('give way to the older one', async () => {
    await world.apply(
      route('shop/web', [{ name: 'web' }], []),
      forRoute('young', 1, '2022-01-01T00:00:00Z'),
      forRoute('old', 99, '2021-01-01T00:00:00Z'),
    );
    assert.equal(sampling(), 99);
    assert.deepEqual([verdict('shop/old'), verdict('shop/young')], ['Accepted 0 1', 'Conflicted 0 0']);
  });

  test('say that there is no such route', async () => {
    await world.apply(forRoute('share', 12.5));
    assert.match(message('shop/share') ?? '', /HTTPRoute\/web/);
  });
});
