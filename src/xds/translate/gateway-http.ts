/**
 * The connection manager of gateways. Unlike that of a sidecar, which forwards what it gets, it faces clients that
 * nobody knows: it says itself where a request came from, reads a path in one way only, and bounds what a client
 * may hold. docs/gateways.md lists these defaults with their reasons.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TelemetryProfile } from '../../mesh/model.ts';
import {
  HttpProtocolOptions_HeadersWithUnderscoresAction,
  type Http2ProtocolOptionsSchema,
} from '../proto/envoy/config/core/v3/protocol_pb.js';
import type { FilterSchema } from '../proto/envoy/config/listener/v3/listener_components_pb.js';
import {
  HttpConnectionManager_ForwardClientCertDetails,
  HttpConnectionManager_PathWithEscapedSlashesAction,
} from '../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { duration } from './encode.ts';
import { connectionManager, routesByName } from './network-filters.ts';
import { throughGateway } from './telemetry.ts';

const { REJECT_REQUEST } = HttpProtocolOptions_HeadersWithUnderscoresAction;
const { UNESCAPE_AND_REDIRECT } = HttpConnectionManager_PathWithEscapedSlashesAction;
const { SANITIZE, SANITIZE_SET } = HttpConnectionManager_ForwardClientCertDetails;

/** `proven`: the client has shown a certificate that was verified, and the backend is told whose. */
export function gatewayHttp(
  routes: string,
  proven: boolean,
  profile: TelemetryProfile,
): MessageInitShape<typeof FilterSchema> {
  return connectionManager('gateway', throughGateway(profile), routesByName(routes), {
    // The client's address is that of the connection, whatever it writes into x-forwarded-for.
    useRemoteAddress: true,
    skipXffAppend: false,
    // Nobody is internal: the headers by which Envoy lets its own steer it are removed from every request.
    internalAddressConfig: {},
    ...(proven ? identityOfClient : { forwardClientCertDetails: SANITIZE }),
    // Two ways to write a path must not lead past a rule.
    normalizePath: true,
    mergeSlashes: true,
    pathWithEscapedSlashesAction: UNESCAPE_AND_REDIRECT,
    commonHttpProtocolOptions: {
      // Some servers read `x_a` as `x-a`, which no rule for `x-a` has seen.
      headersWithUnderscoresAction: REJECT_REQUEST,
      idleTimeout: duration(connectionIdleTimeoutMs),
    },
    // A client that sends its headers byte by byte holds a connection for this long and no longer.
    requestHeadersTimeout: duration(requestHeadersTimeoutMs),
    maxRequestHeadersKb: 60,
    http2ProtocolOptions,
  });
}

/** Without a request. A stream may be silent for as long as both ends want. */
const connectionIdleTimeoutMs = 3_600_000;
const requestHeadersTimeoutMs = 10_000;

const identityOfClient = {
  forwardClientCertDetails: SANITIZE_SET,
  setCurrentClientCertDetails: { subject: true, dns: true, uri: true },
};

/** Of one connection: streams at a time, and bytes that it may have under way; with the buffers they bound its memory. */
const http2ProtocolOptions: MessageInitShape<typeof Http2ProtocolOptionsSchema> = {
  allowConnect: true,
  maxConcurrentStreams: 100,
  initialStreamWindowSize: 64 * 1024,
  initialConnectionWindowSize: 1024 * 1024,
};
