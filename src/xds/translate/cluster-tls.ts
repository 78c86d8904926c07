/**
 * Clusters of backends that speak TLS of their own, by a BackendTLSPolicy. All their endpoints are called by that TLS,
 * in the mesh or not: what answers there expects it. Where the policy is not valid the cluster has no endpoints, so that
 * requests are answered 503 and nothing is ever sent in plaintext.
 */

import type { BackendTLS } from '../../mesh/gateway-model.ts';
import type { RetryBudget, Upstream } from '../../mesh/model.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../proto/envoy/config/cluster/v3/cluster_pb.js';
import { SubjectAltNameMatcher_SanType } from '../proto/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { UpstreamTlsContextSchema } from '../proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { EncodedResource, ResourceRef } from '../resource.ts';
import { alwaysHttp2, httpOptions, whatTheServerOffers, withoutProtocol } from './cluster.ts';
import { encodeResource, extension } from './encode.ts';
import { backendAuthorities, certificateSecret } from './gateway-names.ts';
import { tlsParams } from './gateway-tls.ts';
import { ads } from './tls.ts';

/** What a cluster depends on: the authorities are a secret and come by themselves. */
export type BackendTerms = Pick<BackendTLS, 'hostname' | 'subjectAltNames' | 'broken'>;

/** `terms` are those of the policy `upstream.tls`, undefined where it does not exist; `budget` is that of the port. */
export function tlsCluster(
  name: string,
  upstream: Upstream,
  terms: BackendTerms | undefined,
  budget?: RetryBudget,
): EncodedResource {
  const common = {
    ...withoutProtocol(name, budget),
    // The names of policies may have dots, at which Envoy would end the cluster's name in its statistics.
    altStatName: name.replaceAll('.', '_'),
  };
  if (upstream.tls === undefined || terms === undefined || terms.broken) {
    const nothing = { case: 'type', value: Cluster_DiscoveryType.STATIC } as const;
    return encodeResource(name, ClusterSchema, { ...common, clusterDiscoveryType: nothing });
  }
  const secrets = [backendAuthorities(upstream.tls)];
  if (upstream.clientCertificate !== undefined) secrets.push(certificateSecret(upstream.clientCertificate));
  const needs: ResourceRef[] = [
    { kind: 'endpoints', name },
    ...secrets.map((secret) => ({ kind: 'secret', name: secret }) as const),
  ];
  const cluster = {
    ...common,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS } as const,
    edsClusterConfig: { edsConfig: ads, serviceName: name },
    transportSocket: transportSocket(upstream, terms),
    ...httpOptions(upstream.http2 === true ? alwaysHttp2 : whatTheServerOffers),
  };
  return encodeResource(name, ClusterSchema, cluster, needs);
}

function transportSocket({ tls = '', clientCertificate }: Upstream, terms: BackendTerms) {
  const certificates = clientCertificate === undefined ? [] : [certificateSecret(clientCertificate)];
  return extension('backend-tls', UpstreamTlsContextSchema, {
    sni: terms.hostname,
    commonTlsContext: {
      tlsParams,
      tlsCertificateSdsSecretConfigs: certificates.map((name) => ({ name, sdsConfig: ads })),
      validationContextType: {
        case: 'combinedValidationContext',
        value: {
          defaultValidationContext: { matchTypedSubjectAltNames: namesOf(terms) },
          validationContextSdsSecretConfig: { name: backendAuthorities(tls), sdsConfig: ads },
        },
      },
    },
  });
}

/** The hostname, unless the policy lists names: these take its place, and one of them is enough. */
function namesOf({ hostname, subjectAltNames }: BackendTerms) {
  const { DNS, URI } = SubjectAltNameMatcher_SanType;
  const names =
    subjectAltNames.length === 0 ? [{ type: 'Hostname', value: hostname } as const] : subjectAltNames;
  return names.map(({ type, value }) => ({
    sanType: type === 'URI' ? URI : DNS,
    matcher: { matchPattern: { case: 'exact', value } as const },
  }));
}
