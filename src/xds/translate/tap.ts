/**
 * What makes live requests visible (base/tap.ts): access loggers that are off until the control plane switches them on
 * in the running proxy, so that no listener changes, and closes its connections, because somebody looks.
 *
 * Envoy's gRPC access log has nearly all that is to be seen in fields of its own, which makes it smaller than OTLP with a
 * format for everything (docs/adr/live-requests-by-grpc-access-log.md).
 * All listeners of a side have the same configuration to the byte, so that Envoy makes one stream of it.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Side } from '../../base/signals.ts';
import {
  tapConfigId,
  tapFlushMs,
  tapLogNames,
  tapRuntimeKey,
  tapSeparator,
  tapTag,
  tapTagFormats,
} from '../../base/tap.ts';
import type { AccessLogSchema } from '../proto/envoy/config/accesslog/v3/accesslog_pb.js';
import { ApiVersion } from '../proto/envoy/config/core/v3/config_source_pb.js';
import {
  type CommonGrpcAccessLogConfigSchema,
  HttpGrpcAccessLogConfigSchema,
  TcpGrpcAccessLogConfigSchema,
} from '../proto/envoy/extensions/access_loggers/grpc/v3/als_pb.js';
import { TapSchema } from '../proto/envoy/extensions/filters/http/tap/v3/tap_pb.js';
import { duration, extension } from './encode.ts';

type AccessLog = MessageInitShape<typeof AccessLogSchema>;
type Logger = ReturnType<typeof extension>;

/** Of connection managers. */
export const tapRequests: Readonly<Record<Side, AccessLog>> = bothSides((side) =>
  extension('tap', HttpGrpcAccessLogConfigSchema, { commonConfig: commonConfig(side) }),
);

/** Of TCP proxies. */
export const tapConnections: Readonly<Record<Side, AccessLog>> = bothSides((side) =>
  extension('tap', TcpGrpcAccessLogConfigSchema, { commonConfig: commonConfig(side) }),
);

function bothSides(logger: (side: Side) => Logger): Readonly<Record<Side, AccessLog>> {
  // All or none: to have Envoy read a number out of each request's id for it would cost more than to draw one.
  const value = { runtimeKey: tapRuntimeKey, useIndependentRandomness: true };
  const filter = { filterSpecifier: { case: 'runtimeFilter', value } } as const;
  return { client: { ...logger('client'), filter }, server: { ...logger('server'), filter } };
}

function commonConfig(side: Side): MessageInitShape<typeof CommonGrpcAccessLogConfigSchema> {
  return {
    logName: tapLogNames[side],
    grpcService: { targetSpecifier: { case: 'envoyGrpc', value: { clusterName: 'xds' } } },
    transportApiVersion: ApiVersion.V3,
    bufferFlushInterval: duration(tapFlushMs),
    customTags: [{ tag: tapTag, type: { case: 'value', value: tapTagFormats[side].join(tapSeparator) } }],
  };
}

/** Shows headers and bodies to a stream of the admin interface; without one it lets everything pass. */
export const tapFilter = extension('tap', TapSchema, {
  commonConfig: { configType: { case: 'adminConfig', value: { configId: tapConfigId } } },
});
