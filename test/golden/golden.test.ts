import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actualOutput, goldenCases } from './golden.ts';

for (const golden of goldenCases()) {
  test(`golden ${golden.stage}/${golden.name}`, async () => {
    assert.equal(
      await actualOutput(golden),
      golden.expected,
      'if the change is wanted, run `node test/golden/run.ts --update` and read the difference',
    );
  });
}
