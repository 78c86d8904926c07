/**
 * The two secrets of the mesh. Those that all proxies share hold no secret: they name files of the pod's own identity
 * volume. A pod without these files gets the two with their contents, on its own stream and nowhere else.
 */

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

/** PEM throughout. */
export interface IdentityMaterial {
  readonly key: string;
  /** Leaf first. */
  readonly chain: string;
  readonly roots: string;
}

/** The same two for one proxy. The first contains a private key: no log, dump or graph may ever hold it. */
export function ownSecrets({ key, chain, roots }: IdentityMaterial): readonly EncodedResource[] {
  return [
    encodeResource(identitySecret, SecretSchema, {
      name: identitySecret,
      type: {
        case: 'tlsCertificate',
        value: { certificateChain: inline(chain), privateKey: inline(key) },
      },
    }),
    encodeResource(trustSecret, SecretSchema, {
      name: trustSecret,
      type: { case: 'validationContext', value: { trustedCa: inline(roots) } },
    }),
  ];
}

function inline(pem: string) {
  return { specifier: { case: 'inlineString', value: pem } } as const;
}

function file(name: string) {
  return { specifier: { case: 'filename', value: `${identityDirectory}/${name}` } } as const;
}
