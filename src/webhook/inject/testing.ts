/** What tests of injection start from. */

import type { V1Pod } from '@kubernetes/client-node';
import type { InjectContext } from './context.ts';

export const testDrainWord = 'abcdefghijklmnopqrst';

export function testContext(changes: Partial<InjectContext> = {}): InjectContext {
  return {
    version: '0.1.0',
    settings: {
      trustDomain: 'cluster.local',
      mtls: 'Permissive',
      outbound: 'Allow',
      meshCIDRs: ['10.96.0.0/12'],
      proxy: {
        image: 'envoyproxy/envoy:v1.40.0',
        redirectImage: 'weft/redirect:0.1.0',
        imagePullPolicy: 'IfNotPresent',
        cpuRequest: '10m',
        memoryRequest: '64Mi',
        logLevel: 'warning',
        concurrency: 1,
        drainSeconds: 5,
        scrape: true,
      },
      telemetry: { providers: {}, profile: { metrics: true, tap: true } },
    },
    controlPlane: { namespace: 'weft-system', service: 'weft', serviceAccount: 'weft', xdsPort: 15010 },
    identity: 'podCertificate',
    random: () => testDrainWord,
    ...changes,
  };
}

/** One container, nothing optional. */
export function testPod(changes: { readonly [K in 'metadata' | 'spec']?: Partial<V1Pod[K]> } = {}): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', ...changes.metadata },
    spec: { containers: [{ name: 'web', image: 'web:1' }], ...changes.spec },
  };
}
