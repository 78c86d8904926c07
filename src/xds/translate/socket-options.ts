/** Options of listening sockets, which accepted ones inherit. */

import { SocketOption_SocketState } from '../proto/envoy/config/core/v3/socket_option_pb.js';

/**
 * A caller whose node has vanished is found out after 90 s, since no idle timeout would ever end its connection.
 * Numbers are Linux's: SO_KEEPALIVE, TCP_KEEPIDLE, _KEEPINTVL, _KEEPCNT.
 */
export const keepalive = (
  [
    [1, 9, 1],
    [6, 4, 60],
    [6, 5, 10],
    [6, 6, 3],
  ] as const
).map(([level, name, value]) => ({
  level: BigInt(level),
  name: BigInt(name),
  value: { case: 'intValue', value: BigInt(value) } as const,
  state: SocketOption_SocketState.STATE_PREBIND,
}));
