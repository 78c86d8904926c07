/** For tests of checks: one run of `weft check`, with its report taken apart. */

import assert from 'node:assert/strict';
import type { CheckReport } from '../commands/check.ts';
import type { Cluster } from '../testing.ts';
import type { Result } from './check.ts';

export interface CheckRun {
  readonly report: CheckReport;
  readonly exitCode: number;
  readonly err: string;
  /** The result of one check; throws where it was not made. */
  readonly of: (name: string) => Result;
}

export async function check(cluster: Cluster, line = 'check -o json'): Promise<CheckRun> {
  const { out, exitCode, err } = await cluster.run(line);
  const report = JSON.parse(out) as CheckReport;
  return {
    report,
    exitCode,
    err,
    of: (name) => {
      const found = report.results.find((result) => result.check === name);
      assert.ok(found, `there is no result of ${name}`);
      return found;
    },
  };
}
