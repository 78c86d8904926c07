/** The two secrets of the mesh. They hold no secret: they name files of the pod's own identity volume. */

import { identityDirectory, identityFiles, identitySecret, trustSecret } from '../../base/names.ts';
import { SecretSchema } from '../proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { EncodedResource } from '../resource.ts';
import { encodeResource } from './encode.ts';

/** Envoy reloads when a projected volume's directory is swapped. */
const watchedDirectory = { path: identityDirectory };

export function secrets(): readonly EncodedResource[] {
  return [
    encodeResource(identitySecret, SecretSchema, {
      name: identitySecret,
      type: {
        case: 'tlsCertificate',
        value: {
          certificateChain: file(identityFiles.chain),
          privateKey: file(identityFiles.key),
          watchedDirectory,
        },
      },
    }),
    encodeResource(trustSecret, SecretSchema, {
      name: trustSecret,
      type: {
        case: 'validationContext',
        value: { trustedCa: file(identityFiles.trust), watchedDirectory },
      },
    }),
  ];
}

function file(name: string) {
  return { specifier: { case: 'filename', value: `${identityDirectory}/${name}` } } as const;
}
