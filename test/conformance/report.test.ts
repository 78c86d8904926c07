import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeReport } from './report.ts';

const report = `
apiVersion: gateway.networking.k8s.io/v1
kind: ConformanceReport
gatewayAPIChannel: experimental
gatewayAPIVersion: v1.6.3
profiles:
- name: MESH-HTTP
  summary: Core tests failed with 1 test failures.
  core:
    result: failure
    failedTests: [MeshBasic]
    statistics: {Failed: 1, Passed: 6, Skipped: 0}
  extended:
    result: success
    statistics: {Failed: 0, Passed: 7, Skipped: 0}
    unsupportedFeatures: [MeshConsumerRoute]
- name: MESH-GRPC
  core:
    result: success
    statistics: {Failed: 0, Passed: 2, Skipped: 0}
`;

test('a report is told in a line for each profile, with what failed and what is not supported', () => {
  assert.deepEqual(summarizeReport(report).split('\n'), [
    'Gateway API v1.6.3, experimental channel',
    'MESH-HTTP     core failure (6 passed, 1 failed, 0 skipped)   extended success (7 passed, 0 failed, 0 skipped)',
    '  not supported: MeshConsumerRoute',
    '  failed: MeshBasic',
    'MESH-GRPC     core success (2 passed, 0 failed, 0 skipped)',
  ]);
});

test('a report of a run that came to no test has no profiles', () => {
  const empty = 'gatewayAPIVersion: v1.6.3\ngatewayAPIChannel: standard\n';
  assert.equal(summarizeReport(empty), 'Gateway API v1.6.3, standard channel');
});
