import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { WeftError } from '../../base/errors.ts';
import { defaultPodSettings, podSettings, readPodSettings } from './settings.ts';
import { testContext } from './testing.ts';

const defaults = defaultPodSettings(testContext().settings.proxy);

function read(annotations: Readonly<Record<string, string>>) {
  const prefixed = Object.entries(annotations).map(
    ([name, value]) => [`proxy.weft.dev/${name}`, value] as const,
  );
  return readPodSettings(Object.fromEntries(prefixed), defaults);
}

test('A pod without annotations has the defaults of the mesh', () => {
  assert.equal(readPodSettings({ 'example.com/x': 'y' }, defaults), defaults);
  const { excludeInboundPorts, excludeOutboundPorts, excludeOutboundCidrs, ...proxy } = defaults;
  assert.deepEqual([excludeInboundPorts, excludeOutboundPorts, excludeOutboundCidrs], [[], [], []]);
  assert.deepEqual(proxy, testContext().settings.proxy);
});

test('Every annotation overrides its own setting and nothing else', () => {
  const values: Record<string, readonly [text: string, field: string, value: unknown]> = {
    cpu: ['100m', 'cpuRequest', '100m'],
    memory: ['128Mi', 'memoryRequest', '128Mi'],
    'cpu-limit': ['2', 'cpuLimit', '2'],
    'memory-limit': ['1Gi', 'memoryLimit', '1Gi'],
    image: ['registry:5000/envoy@sha256:abc', 'image', 'registry:5000/envoy@sha256:abc'],
    'log-level': ['debug', 'logLevel', 'debug'],
    concurrency: ['2', 'concurrency', 2],
    'exclude-inbound-ports': [' 22, 8081,22', 'excludeInboundPorts', [22, 8081]],
    'exclude-outbound-ports': ['', 'excludeOutboundPorts', []],
    'exclude-outbound-cidrs': [
      '10.0.0.0/8, fd00::/8,192.0.2.1,::1',
      'excludeOutboundCidrs',
      ['10.0.0.0/8', 'fd00::/8', '192.0.2.1/32', '::1/128'],
    ],
    'drain-seconds': ['0', 'drainSeconds', 0],
    scrape: ['false', 'scrape', false],
  };
  assert.deepEqual(
    podSettings.map((row) => row.name),
    Object.keys(values),
    'a setting without a case here',
  );
  for (const [name, [text, field, value]] of Object.entries(values)) {
    assert.deepEqual(read({ [name]: text }), { ...read({}), [field]: value }, name);
  }
});

test('An impossible value is refused with its code, the annotation and what is possible', () => {
  const wrong: Record<string, readonly string[]> = {
    cpu: ['', '0', 'lots', '-1', '1 2'],
    'memory-limit': ['0', '1GB'],
    image: ['', 'a b', '-x', '"; rm', 'a'.repeat(513)],
    'log-level': ['warn', 'DEBUG', ''],
    concurrency: ['0', '65', '1.5', 'all', ''],
    'exclude-inbound-ports': ['0', '65536', '80-90', '80,', 'http', '80 81', '1e3'],
    'exclude-outbound-cidrs': [
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0/8',
      'example.com',
      '10.0.0.0/8 }',
      '1.2.3.4/',
    ],
    'drain-seconds': ['-1', '3601', 'soon'],
    scrape: ['no', '1', ''],
  };
  for (const [name, texts] of Object.entries(wrong)) {
    for (const text of texts) {
      assert.throws(
        () => read({ [name]: text }),
        (error: unknown) =>
          error instanceof WeftError &&
          error.code === 'WEFT-POD-09' &&
          error.field === `metadata.annotations[proxy.weft.dev/${name}]` &&
          error.message.startsWith(JSON.stringify(text)),
        `${name}: ${text}`,
      );
    }
  }
});

test('An unknown setting is refused rather than ignored', () => {
  assert.throws(() => read({ 'cpu-limits': '1' }), {
    code: 'WEFT-POD-09',
    message: 'There is no such setting.',
  });
});

test('A limit below the request is refused, whichever of the two the pod set', () => {
  const field = 'metadata.annotations[proxy.weft.dev/memory-limit]';
  assert.throws(() => read({ 'memory-limit': '32Mi' }), { code: 'WEFT-POD-09', field });
  assert.throws(
    () => readPodSettings({ 'proxy.weft.dev/memory': '1Gi' }, { ...defaults, memoryLimit: '256Mi' }),
    {
      field,
    },
  );
  assert.equal(read({ 'memory-limit': '64Mi' }).memoryLimit, '64Mi');
});

test('docs/pod.md describes every setting, and no other', () => {
  const page = readFileSync(new URL('../../../docs/pod.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `proxy\.weft\.dev\/([a-z-]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual(new Set(rows), new Set(podSettings.map((row) => row.name)));
});
