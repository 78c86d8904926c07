/** The stage `analysis`: objects as somebody wrote them -> what is found, as `weft analyze --offline` would print it. */

import assert from 'node:assert/strict';
import { parseObjects } from '../../src/analysis/files.ts';
import { analyzeObjects } from '../../src/analysis/world.ts';

export async function analysis(input: string): Promise<unknown> {
  const { findings, failures } = await analyzeObjects(parseObjects(input, 'in.yaml', 'default'), {
    defaults: {
      image: 'envoyproxy/envoy:test',
      redirectImage: 'weft/redirect:test',
      imagePullPolicy: 'IfNotPresent',
    },
    situation: {
      nowMs: Date.parse('2026-09-01T12:00:00Z'),
      controlPlaneNamespace: 'weft-system',
      unknownKinds: ['secrets', 'configmaps', 'gatewayclasses', 'customresourcedefinitions'],
    },
  });
  assert.deepEqual(failures, []);
  return findings.map(({ code, severity, object, path, message, fix }) => ({
    [`${severity} ${code}`]: `${object.kind} ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name}${path === '' ? '' : ` at ${path}`}`,
    message,
    fix,
  }));
}
