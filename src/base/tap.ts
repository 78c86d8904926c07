/**
 * Live requests, as xds/translate, webhook/inject and telemetry must agree on them. Every proxy has an access logger that
 * is off: Envoy's gRPC access log (envoy.service.accesslog.v3), behind a runtime key which the control plane sets through
 * the pod's control port for as long as somebody looks. Headers and bodies come from the admin interface's `/tap`, which
 * the HTTP tap filter of each connection manager answers to, and are put to their requests by x-request-id.
 */

import type { Side } from './signals.ts';

/** Runtime key that switches the loggers on: percent of requests that are logged. */
export const tapRuntimeKey = 'weft.tap';

/** `log_name`: from which side a request was seen. */
export const tapLogNames: Readonly<Record<Side, string>> = { client: 'client', server: 'server' };

/** `config_id` of the HTTP tap filters. */
export const tapConfigId = 'weft';

/** How long a proxy may collect entries before it sends them, in milliseconds. */
export const tapFlushMs = 250;

/** The one custom tag, with what the entries of the log have no field for, between `tapSeparator`s. */
export const tapTag = 'p';
export const tapSeparator = '|';

const common = ['%GRPC_STATUS_NUMBER%', '%REQ(TRACEPARENT)%'];

/** What is in the tag, in this order. Only the last may contain the separator. */
export const tapTagFormats: Readonly<Record<Side, readonly string[]>> = {
  client: [...common, '%UPSTREAM_PEER_URI_SAN%', '%UPSTREAM_PEER_SUBJECT%%UPSTREAM_METADATA(weft:peer)%'],
  server: common,
};

/** gRPC method to which the logs go. */
export const tapLogMethod = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';
