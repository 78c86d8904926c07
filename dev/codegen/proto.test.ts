import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateProtoInto, hashGenerated, protoDirectory } from './proto.ts';

test('the committed protobuf code is what the generator makes of its inputs', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-proto-test-'));
  try {
    await generateProtoInto(directory);
    assert.equal(
      await hashGenerated(protoDirectory),
      await hashGenerated(join(directory, 'out')),
      'src/xds/proto is stale: run `npm run codegen -- proto` and commit the result',
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
