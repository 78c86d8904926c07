/**
 * The identity of a proxy: one projected volume, mounted in the sidecar only, and the Envoy configuration
 * that reads it. Envoy reloads certificates only through SDS, so the SDS files are pod annotations
 * that the downward API projects into the same volume: they name the kubelet's files beside them.
 */

import type { V1Volume } from '@kubernetes/client-node';
import {
  identityDirectory,
  identityFiles,
  identitySdsAnnotation,
  identitySecret,
  signerName,
  tokenAudience,
  tokenSdsAnnotation,
  trustSdsAnnotation,
  trustSecret,
} from '../../base/names.ts';
import { formatIdentity } from '../../base/spiffe.ts';
import { WeftError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { InjectContext } from './context.ts';

export const identityVolume = 'weft-identity';
const tokenSecret = 'token';
const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
const watchedDirectory = { path: identityDirectory };

/** What the control plane's certificate must say: its SPIFFE ID, exactly. */
export function controlPlaneIdentity(context: InjectContext): string {
  const { namespace, serviceAccount } = context.controlPlane;
  return formatIdentity({ trustDomain: context.settings.trustDomain, namespace, serviceAccount });
}

/** The annotations whose values become SDS files; the same for every pod. */
export function identityAnnotations(context: InjectContext): Readonly<Record<string, string>> {
  const file = (name: string): JsonObject => ({ filename: `${identityDirectory}/${name}` });
  if (context.identity === 'sds') {
    const secret = { secret: { ...file(identityFiles.token), watched_directory: watchedDirectory } };
    return { [tokenSdsAnnotation]: sdsFile(tokenSecret, { generic_secret: secret }) };
  }
  return {
    [identitySdsAnnotation]: sdsFile(identitySecret, {
      tls_certificate: {
        certificate_chain: file(identityFiles.chain),
        private_key: file(identityFiles.key),
        watched_directory: watchedDirectory,
      },
    }),
    [trustSdsAnnotation]: sdsFile(trustSecret, {
      validation_context: { trusted_ca: file(identityFiles.trust), watched_directory: watchedDirectory },
    }),
  };
}

/** Envoy takes exactly one secret from an SDS file. */
function sdsFile(name: string, secret: JsonObject): string {
  return JSON.stringify({ resources: [{ '@type': secretType, name, ...secret }] });
}

/**
 * The projected volume. Key and chain are separate files on purpose: Envoy's config dump redacts a private
 * key, but not a certificate chain that happens to contain one.
 */
export function identityVolumeSource(context: InjectContext): V1Volume {
  const annotationFile = (path: string, annotation: string) => ({
    path,
    fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${annotation}']` },
  });
  if (context.identity === 'sds') {
    return projected([
      {
        serviceAccountToken: { path: identityFiles.token, audience: tokenAudience, expirationSeconds: 3600 },
      },
      { downwardAPI: { items: [annotationFile(identityFiles.tokenSds, tokenSdsAnnotation)] } },
    ]);
  }
  return projected([
    {
      podCertificate: {
        signerName,
        keyType: 'ECDSAP256',
        keyPath: identityFiles.key,
        certificateChainPath: identityFiles.chain,
        // The longest lifetime that a CertificateAuthority can set; the signer decides within it.
        maxExpirationSeconds: 7 * 86_400,
      },
    },
    { clusterTrustBundle: { signerName, labelSelector: {}, path: identityFiles.trust } },
    {
      downwardAPI: {
        items: [
          annotationFile(identityFiles.identitySds, identitySdsAnnotation),
          annotationFile(identityFiles.trustSds, trustSdsAnnotation),
        ],
      },
    },
  ]);
}

function projected(sources: NonNullable<NonNullable<V1Volume['projected']>['sources']>): V1Volume {
  return { name: identityVolume, projected: { defaultMode: 0o644, sources } };
}

/** TLS towards the control plane: our certificate where there is one, and its exact identity in any case. */
export function controlPlaneClientTls(context: InjectContext): JsonObject {
  const { service, namespace } = context.controlPlane;
  const matchIdentity = exactSan(controlPlaneIdentity(context));
  const common: JsonObject =
    context.identity === 'sds'
      ? { validation_context: { trusted_ca: { inline_string: trustRoots(context) }, ...matchIdentity } }
      : {
          tls_certificate_sds_secret_configs: [fileSds(identitySecret, identityFiles.identitySds)],
          combined_validation_context: {
            default_validation_context: matchIdentity,
            validation_context_sds_secret_config: fileSds(trustSecret, identityFiles.trustSds),
          },
        };
  return {
    sni: `${service}.${namespace}.svc`,
    common_tls_context: { ...tls13, ...common },
  };
}

/** TLS of the control port: only the control plane's own certificate opens it. */
export function controlPortServerTls(context: InjectContext): JsonObject {
  const source = (name: string, file: string): JsonObject =>
    context.identity === 'sds' ? adsSecret(name) : fileSds(name, file);
  return {
    require_client_certificate: true,
    common_tls_context: {
      ...tls13,
      alpn_protocols: ['h2', 'http/1.1'],
      tls_certificate_sds_secret_configs: [source(identitySecret, identityFiles.identitySds)],
      combined_validation_context: {
        default_validation_context: exactSan(controlPlaneIdentity(context)),
        validation_context_sds_secret_config: source(trustSecret, identityFiles.trustSds),
      },
    },
  };
}

/** Puts the pod's token on each request to the control plane; a rotated token is used from the next stream on. */
export function tokenFilter(): JsonObject {
  return {
    name: 'envoy.filters.http.credential_injector',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector',
      overwrite: true,
      credential: {
        name: 'envoy.http.injected_credentials.generic',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic',
          header: 'authorization',
          header_value_prefix: 'Bearer ',
          credential: fileSds(tokenSecret, identityFiles.tokenSds),
        },
      },
    },
  };
}

/** With a minimum alone the handshake fails: Envoy's client stops at TLS 1.2 by default. */
const tls13: JsonObject = {
  tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
};

function exactSan(uri: string): JsonObject {
  return { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: uri } }] };
}

function fileSds(name: string, file: string): JsonObject {
  const path = `${identityDirectory}/${file}`;
  return {
    name,
    sds_config: {
      path_config_source: { path, watched_directory: watchedDirectory },
      resource_api_version: 'V3',
    },
  };
}

/**
 * To the letter the reference that served resources use (xds/translate/tls.ts), so that Envoy makes one subscription of
 * them: a second one for the same name would wait for ever, because a name is asked for once.
 */
function adsSecret(name: string): JsonObject {
  return { name, sds_config: { ads: {}, resource_api_version: 'V3' } };
}

function trustRoots(context: InjectContext): string {
  if (context.trustRoots !== undefined && context.trustRoots !== '') return context.trustRoots;
  throw new WeftError('WEFT-POD-13', 'The root certificates of the mesh are not known yet.');
}
