import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { featuresOf, isComplete, type Plan, parsePlan, type Surroundings, suiteArguments } from './plan.ts';

const about: Surroundings = {
  gatewayClass: 'weft',
  mesh: 'weft',
  published: { gateway: ['Gateway', 'HTTPRoute', 'GRPCRoute'], mesh: ['Mesh', 'MeshHTTPRouteRewritePath'] },
  namespaceLabel: 'weft.dev/inject=enabled',
  usableAddress: '198.18.0.10',
  unusableAddress: '198.18.0.1',
  reportPath: '/tmp/report.yaml',
  version: 'v0.1.0',
};

function argumentsOf(...argv: readonly string[]): readonly string[] {
  return suiteArguments(parsePlan(argv) as Plan, about);
}

describe('the command line', () => {
  test('without words means everything', () => {
    assert.ok(isComplete(parsePlan([]) as Plan));
  });

  test('names profiles in any case', () => {
    assert.deepEqual(parsePlan(['--profile', 'mesh-http'])?.profiles, ['MESH-HTTP']);
  });

  test('is refused where a profile does not exist', () => {
    assert.throws(() => parsePlan(['--profile', 'MESH-TCP']), /no such profile: MESH-TCP/);
  });

  test('with fewer profiles, single tests or other features is no complete run', () => {
    for (const argv of [
      ['--profile', 'MESH-HTTP'],
      ['--run-test', 'MeshBasic'],
      ['--features', 'all'],
    ])
      assert.ok(!isComplete(parsePlan(argv) as Plan));
  });
});

describe('what the suite is told', () => {
  test('a complete run lets the suite read the published features itself', () => {
    const argv = argumentsOf();
    assert.ok(argv.includes('--mesh-name=weft'));
    assert.ok(!argv.some((argument) => /features|run-test/.test(argument)));
  });

  test('one test runs whether its features are published or not', () => {
    assert.ok(argumentsOf('--run-test', 'MeshBasic').includes('--run-test=MeshBasic'));
  });

  test('several tests are chosen by a pattern', () => {
    const argv = argumentsOf('--run-test', 'A', '--run-test', 'B');
    assert.ok(argv.includes('-test.run=^TestConformance$/^(A|B)$'));
    assert.ok(argv.includes('--all-features'));
  });

  test('namespaces are in the mesh where a mesh profile is tested', () => {
    const label = '--namespace-labels=weft.dev/inject=enabled';
    assert.ok(argumentsOf('--profile', 'MESH-HTTP').includes(label));
    assert.ok(!argumentsOf('--profile', 'GATEWAY-HTTP').includes(label));
  });

  test('what the tests made stays only where the cluster is to be looked at', () => {
    assert.ok(argumentsOf('--keep').includes('--cleanup-test-resources=false'));
    assert.ok(!argumentsOf().some((argument) => argument.startsWith('--cleanup')));
  });
});

describe('the features of some profiles', () => {
  test('leave out the routes of other profiles', () => {
    assert.deepEqual(featuresOf(['GATEWAY-HTTP'], about.published), ['Gateway', 'HTTPRoute']);
    assert.deepEqual(featuresOf(['GATEWAY-TCP'], about.published), ['Gateway']);
  });

  test('leave out gateways where only the mesh is tested', () => {
    assert.deepEqual(featuresOf(['MESH-HTTP'], about.published), ['Mesh', 'MeshHTTPRouteRewritePath']);
    assert.deepEqual(featuresOf(['MESH-GRPC'], about.published), ['Mesh']);
  });
});
