/** The identities, the pod and the secrets that the cases start from. */

import { randomUUID } from 'node:crypto';
import { systemClock } from '../../../src/base/clock.ts';
import { identitySecret, trustSecret } from '../../../src/base/names.ts';
import { Authority } from '../../../src/ca/authority.ts';
import { testMaterial } from '../../../src/ca/testing.ts';
import { testPod } from '../../../src/webhook/inject/testing.ts';
import { SecretSchema } from '../../../src/xds/proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { EncodedResource } from '../../../src/xds/resource.ts';
import { encodeResource } from '../../../src/xds/translate/encode.ts';
import { applicationPorts } from './application.ts';
import type { IdentityFiles, PodFacts } from './sidecar.ts';

export const trustDomain = 'cluster.local';
const hourMs = 3_600_000;
export const authority = new Authority(testMaterial(systemClock), systemClock);
export const control = serving(`spiffe://${trustDomain}/ns/weft-system/sa/weft`);
export const web = serving(`spiffe://${trustDomain}/ns/shop/sa/web`);

function serving(uri: string): IdentityFiles {
  const { key, chain } = authority.issueServing({
    dnsNames: ['weft.weft-system.svc'],
    uri,
    lifetimeMs: hourMs,
  });
  return { key, chain, trust: authority.trustBundle, token: 'a-token' };
}

/** Every kind of probe, and a hook. */
export const pod = testPod({
  metadata: { annotations: { 'proxy.weft.dev/exclude-inbound-ports': String(applicationPorts.control) } },
  spec: {
    containers: [
      {
        name: 'web',
        image: 'web:1',
        ports: [{ name: 'http', containerPort: applicationPorts.http }],
        livenessProbe: {
          httpGet: {
            path: '/live$(POD_IP)$$?verbose=1&x=%20y',
            port: 'http',
            httpHeaders: [{ name: 'X-Probe', value: 'yes' }],
          },
        },
        readinessProbe: { grpc: { port: applicationPorts.grpc, service: 'shop' }, periodSeconds: 1 },
        startupProbe: { tcpSocket: { port: applicationPorts.tcp }, periodSeconds: 1 },
        lifecycle: { postStart: { httpGet: { path: 'started', port: 'http' } } },
      },
      {
        name: 'tls',
        image: 'web:1',
        livenessProbe: { httpGet: { path: '/tls', port: applicationPorts.https, scheme: 'HTTPS' } },
        readinessProbe: { httpGet: { path: '/moved', port: applicationPorts.http } },
        startupProbe: { httpGet: { path: '/slow', port: applicationPorts.http }, timeoutSeconds: 1 },
      },
    ],
  },
});

export function podFacts(address: string): PodFacts {
  return { name: 'web-1', namespace: 'shop', uid: randomUUID(), address, serviceAccount: 'web' };
}

/** What the control plane sends to pods that have no certificate of the kubelet's. */
export function inlineSecrets(files: IdentityFiles): readonly EncodedResource[] {
  const inline = (value: string) => ({ specifier: { case: 'inlineString', value } }) as const;
  return [
    encodeResource(identitySecret, SecretSchema, {
      name: identitySecret,
      type: {
        case: 'tlsCertificate',
        value: { certificateChain: inline(files.chain), privateKey: inline(files.key) },
      },
    }),
    encodeResource(trustSecret, SecretSchema, {
      name: trustSecret,
      type: { case: 'validationContext', value: { trustedCa: inline(files.trust) } },
    }),
  ];
}

/** A certificate that nobody vouches for, as applications have for their own TLS. */
export function selfSigned(): { key: string; certificate: string } {
  const { chain, key } = authority.issueServing({
    dnsNames: ['web'],
    uri: 'spiffe://x/ns/y/sa/z',
    lifetimeMs: hourMs,
  });
  return { key, certificate: chain };
}
