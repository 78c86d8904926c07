import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../graph/graph.ts';
import type { Collection } from '../graph/types.ts';
import { certificateFor, gateway, httpsListener, tlsSecret, weftClass } from '../mesh/gateways/testing.ts';
import { createTestMesh } from '../mesh/testing.ts';
import type { ResourceAcks } from '../xds/resource.ts';
import { createTranslation } from '../xds/translate/translation.ts';
import { explain, explainable } from './explain.ts';

async function world() {
  const graph = new Graph({ onError: assert.ifError });
  const { sources, mesh, apply } = createTestMesh(graph);
  const acks = graph.source<ResourceAcks>('acks');
  const translation = createTranslation(graph, mesh);
  const named = Object.values(sources).filter((one): one is Collection<unknown> => 'entries' in one);
  const collections = Object.fromEntries(named.map((collection) => [collection.name, collection]));
  return { collections, from: { graph, sources: collections, translation, acks }, apply };
}

test('every kind that can be explained has a source', async () => {
  const { collections } = await world();
  for (const [kind, collection] of Object.entries(explainable)) {
    assert.ok(collection in collections, `${kind}: there is no ${collection}`);
  }
});

test('a Secret tells what it became, and nothing of what is in it', async () => {
  const { from, apply } = await world();
  const pair = certificateFor('a.example');
  await apply(
    weftClass,
    tlsSecret('edge/cert', pair),
    gateway('edge/public', [httpsListener('https', 'cert')]),
  );
  const explained = explain(from, 'secret', 'edge/cert');
  assert.equal(explained.found, true);
  assert.ok(explained.resources.some(({ kind }) => kind === 'secret'));
  const text = JSON.stringify(explained);
  for (const line of `${pair.chain}${pair.privateKey}`.split('\n')) {
    assert.equal(line !== '' && text.includes(line), false);
  }
});
