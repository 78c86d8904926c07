import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureBinary } from '../../dev/cluster/cluster.ts';
import { systemClock } from '../../src/base/clock.ts';
import { identityFiles } from '../../src/base/names.ts';
import { Authority } from '../../src/ca/authority.ts';
import { createAuthorityMaterial } from '../../src/ca/material.ts';
import type { Translation } from '../../src/xds/resource.ts';
import { askEnvoy } from './envoy.ts';
import { gatewayCase } from './gateway.ts';
import { goldenCases } from './golden.ts';
import { translateCase } from './translate.ts';

const dayMs = 86_400_000;

function identityVolume(): Record<string, string> {
  const clock = { ...systemClock, after: () => () => {} };
  const material = createAuthorityMaterial({
    trustDomain: 'cluster.local',
    rootLifetimeMs: 2 * dayMs,
    intermediateLifetimeMs: 2 * dayMs,
    clock,
  });
  const leaf = new Authority(material, clock).issueServing({
    dnsNames: ['golden'],
    uri: 'spiffe://cluster.local/ns/shop/sa/front',
    lifetimeMs: dayMs,
  });
  return {
    [identityFiles.key]: leaf.key,
    [identityFiles.chain]: leaf.chain,
    [identityFiles.trust]: material.rootCertificate,
  };
}

test('the real Envoy accepts every resource of every translation case', async () => {
  const cases = new Map<string, Translation>();
  for (const { stage, name, input } of goldenCases()) {
    if (stage === 'translate') cases.set(name, (await translateCase(input)).translation);
    if (stage === 'gateway') cases.set(`gateway ${name}`, (await gatewayCase(input)).translation);
  }
  const directory = await mkdtemp(join(tmpdir(), 'weft-golden-'));
  try {
    const verdict = await askEnvoy(await ensureBinary('envoy'), directory, cases, identityVolume());
    assert.ok(verdict.accepted, verdict.output);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('the question to Envoy is one that it can answer with no', async () => {
  const [golden] = goldenCases().filter(({ stage }) => stage === 'translate');
  assert.ok(golden !== undefined);
  const { translation } = await translateCase(golden.input);
  const directory = await mkdtemp(join(tmpdir(), 'weft-golden-'));
  try {
    const volume = { ...identityVolume(), [identityFiles.trust]: 'no certificate' };
    const cases = new Map([['broken', translation]]);
    const verdict = await askEnvoy(await ensureBinary('envoy'), directory, cases, volume);
    assert.equal(verdict.accepted, false);
    assert.match(verdict.output, /certificate/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
