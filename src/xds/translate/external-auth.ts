/**
 * External authorization (GEP-1494): a service is asked about every request. Envoy's filter has its service for a whole
 * listener; here the route brings the filter's configuration with it, so that a listener never changes for a route.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { ExternalAuth } from '../../mesh/model.ts';
import { ExtensionWithMatcherPerRouteSchema } from '../proto/envoy/extensions/common/matching/v3/extension_matcher_pb.js';
import { ExecuteFilterActionSchema } from '../proto/envoy/extensions/filters/http/composite/v3/composite_pb.js';
import {
  ExtAuthzSchema,
  type HttpServiceSchema,
} from '../proto/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import { ApiVersion } from '../proto/envoy/config/core/v3/config_source_pb.js';
import type { ListStringMatcherSchema } from '../proto/envoy/type/matcher/v3/string_pb.js';
import { duration, pack } from './encode.ts';
import { upstreamName } from './names.ts';

type ExtAuthz = Exclude<MessageInitShape<typeof ExtAuthzSchema>, { $typeName: string }>;
type HeaderNames = MessageInitShape<typeof ListStringMatcherSchema>;

/** A service that says nothing for so long has said no. */
const answerTimeoutMs = 10_000;

/** Undefined where nobody can be asked. */
export function externalAuthPerRoute(auth: ExternalAuth): Any | undefined {
  const { servicePort } = auth;
  if (servicePort === undefined) return undefined;
  const cluster = upstreamName(servicePort, auth.upstream);
  const filter: ExtAuthz = {
    transportApiVersion: ApiVersion.V3,
    services:
      auth.protocol === 'GRPC' ? grpcService(cluster, servicePort) : httpService(cluster, servicePort, auth),
    ...(auth.forwardBodyBytes === 0
      ? {}
      : { withRequestBody: { maxRequestBytes: auth.forwardBodyBytes, allowPartialMessage: true } }),
    ...allowedHeaders(auth),
  };
  return pack(ExtensionWithMatcherPerRouteSchema, {
    xdsMatcher: {
      onNoMatch: {
        onMatch: {
          case: 'action',
          value: {
            name: 'ask',
            typedConfig: pack(ExecuteFilterActionSchema, {
              typedConfig: {
                name: 'envoy.filters.http.ext_authz',
                typedConfig: pack(ExtAuthzSchema, filter),
              },
            }),
          },
        },
      },
    },
  });
}

function grpcService(cluster: string, servicePort: string): NonNullable<ExtAuthz['services']> {
  return {
    case: 'grpcService',
    value: {
      targetSpecifier: { case: 'envoyGrpc', value: { clusterName: cluster, authority: hostOf(servicePort) } },
      timeout: duration(answerTimeoutMs),
    },
  };
}

/** 200 allows the request; every other answer is the client's. */
function httpService(
  cluster: string,
  servicePort: string,
  { path = '', allowedResponseHeaders }: ExternalAuth,
): { case: 'httpService'; value: MessageInitShape<typeof HttpServiceSchema> } {
  return {
    case: 'httpService',
    value: {
      serverUri: {
        // Only the cluster says where it goes; this becomes the Host header.
        uri: `http://${hostOf(servicePort)}`,
        httpUpstreamType: { case: 'cluster', value: cluster },
        timeout: duration(answerTimeoutMs),
      },
      pathPrefix: path,
      ...(allowedResponseHeaders.length === 0
        ? {}
        : {
            authorizationResponse: {
              allowedUpstreamHeaders: named(allowedResponseHeaders),
              allowedClientHeaders: named(allowedResponseHeaders),
            },
          }),
    },
  };
}

/** `namespace/service:port` -> `service.namespace`. The cluster's name, which Envoy would take, is not that of a host. */
function hostOf(servicePort: string): string {
  const [namespace = '', service = ''] = servicePort.split(/[/:]/);
  return `${service}.${namespace}`;
}

/** A gRPC service is told all headers where none are named, an HTTP one only what makes the request. */
function allowedHeaders({ protocol, allowedRequestHeaders }: ExternalAuth): Pick<ExtAuthz, 'allowedHeaders'> {
  if (allowedRequestHeaders.length > 0) return { allowedHeaders: named(allowedRequestHeaders) };
  return protocol === 'GRPC' ? {} : { allowedHeaders: named(['authorization']) };
}

function named(names: readonly string[]): HeaderNames {
  return {
    patterns: names.map((name) => ({ matchPattern: { case: 'exact', value: name }, ignoreCase: true })),
  };
}
