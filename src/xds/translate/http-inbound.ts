/** HTTP of the inbound side: all requests go to the application, whatever their host or path. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import { inboundAppCluster } from '../../base/names.ts';
import type { TelemetryProfile } from '../../mesh/model.ts';
import type { FilterSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import {
  HttpConnectionManager_ForwardClientCertDetails,
  type ResponseMapperSchema,
} from '../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { duration } from './encode.ts';
import { ownFilters } from './http-filters.ts';
import { notSentHeader } from './names.ts';
import { connectionManager, type Routes } from './network-filters.ts';

/** `proven`: the caller's identity was proven by mutual TLS. */
export function inboundHttp(
  proven: boolean,
  profile: TelemetryProfile,
): MessageInitShape<typeof FilterSchema> {
  return connectionManager(
    proven ? 'inbound-mesh' : 'inbound-plain',
    { side: 'server', peer: proven, profile },
    routes,
    {
      httpFilters: ownFilters(),
      ...(proven
        ? { ...identityOfCaller, localReplyConfig: { mappers: [unreached] } }
        : { ...noIdentity, localReplyConfig: {} }),
    },
  );
}

/** The application is told the identity that the mesh has proven, and nothing that a caller claims. */
const identityOfCaller = {
  forwardClientCertDetails: HttpConnectionManager_ForwardClientCertDetails.SANITIZE_SET,
  setCurrentClientCertDetails: { uri: true },
};

const noIdentity = { forwardClientCertDetails: HttpConnectionManager_ForwardClientCertDetails.SANITIZE };

/**
 * Marks the answer given when no connection to the application could be made (response flag UF); only for
 * callers in the mesh, whose own proxy takes the mark off again.
 */
const unreached: MessageInitShape<typeof ResponseMapperSchema> = {
  filter: { filterSpecifier: { case: 'responseFlagFilter', value: { flags: ['UF'] } } },
  headersToAdd: [{ header: { key: notSentHeader, value: '1' } }],
};

/** Inline, since nothing in it depends on the cluster's state. */
const routes: Routes = {
  case: 'routeConfig',
  value: {
    name: 'inbound',
    virtualHosts: [
      {
        name: 'application',
        domains: ['*'],
        // Only the proxy itself may say this, after the route is done with the response.
        responseHeadersToRemove: [notSentHeader],
        routes: [
          {
            match: { pathSpecifier: { case: 'prefix', value: '/' } },
            action: {
              case: 'route',
              value: {
                clusterSpecifier: { case: 'cluster', value: inboundAppCluster },
                timeout: duration(0),
                // The application closed an idle connection just as it was to be used again: nothing was sent on it.
                retryPolicy: { retryOn: 'reset-before-request', numRetries: 1 },
              },
            },
          },
        ],
      },
    ],
  },
};
