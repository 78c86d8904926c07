/**
 * All that a connection manager or TCP proxy tells of what it forwards, put together in one place: what is counted, what
 * can be seen live, what is logged and traced. Of these the last two cost nothing where nobody asked for them.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HttpConnectionManagerSchema } from '../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { TcpProxySchema } from '../proto/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { requestLog } from './access-log.ts';
import { exemplarLog } from './exemplar-log.ts';
import { tapConnections, tapRequests } from './tap.ts';
import { type Counted, countConnections, countRequests } from './telemetry.ts';
import { type Place, tracingOf } from './tracing.ts';

type ConnectionManager = Exclude<MessageInitShape<typeof HttpConnectionManagerSchema>, { $typeName: string }>;
type TcpProxy = Exclude<MessageInitShape<typeof TcpProxySchema>, { $typeName: string }>;

/** To add one: where it stands among the loggers does not matter. */
export function tellRequests(
  counted: Counted,
  place: Place = counted.side,
): Pick<ConnectionManager, 'accessLog' | 'tracing' | 'earlyHeaderMutationExtensions'> {
  const { accessLog, tracing, metrics, tap } = counted.profile;
  return {
    accessLog: [
      ...(metrics ? countRequests(counted) : []),
      ...(tap ? [tapRequests[counted.side]] : []),
      ...(accessLog === undefined ? [] : [requestLog(accessLog)]),
      ...(metrics && tracing !== undefined && place === 'server' ? [exemplarLog] : []),
    ],
    ...(tracing === undefined ? {} : tracingOf(place, tracing, counted.service)),
  };
}

/** `counted` is absent of what is counted elsewhere. */
export function tellConnections(
  counted: Counted | undefined,
): Pick<TcpProxy, 'accessLog' | 'accessLogOptions'> {
  if (counted === undefined) return {};
  const { metrics, tap } = counted.profile;
  const loggers = [
    ...(metrics ? [countConnections(counted)] : []),
    ...(tap ? [tapConnections[counted.side]] : []),
  ];
  if (loggers.length === 0) return {};
  return { accessLog: loggers, accessLogOptions: { flushAccessLogOnConnected: true } };
}
