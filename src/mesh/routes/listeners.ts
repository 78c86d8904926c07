/** What the listeners of a port have to know of one another: a request belongs to the most specific one alone. */

import type { Collection, GraphApi, Index, Read } from '../../graph/types.ts';
import type { AttachableListener, Attachables } from '../gateways/attachable.ts';
import type { RouteAttachments } from './attachments.ts';
import { coveringHostnames } from './hostnames.ts';
import type { RouteRules } from './rules.ts';

export interface ListenerContext {
  readonly attachables: Attachables;
  /** By key of the listener. */
  readonly routesByListener: Index<RouteAttachments>;
  /** Keyed `<route>|<gateway>`. */
  readonly gatewayRules: Collection<RouteRules>;
  readonly isMostSpecific: IsMostSpecific;
}

/** Whether no other listener of the port means the domain by a more specific hostname. */
export type IsMostSpecific = (
  key: string,
  listener: AttachableListener,
  domain: string,
  read: Read,
) => boolean;

export function deriveIsMostSpecific(
  graph: GraphApi,
  listeners: Collection<AttachableListener>,
): IsMostSpecific {
  const byPort = graph.index('listenersByPort', listeners, (listener) =>
    listener.served ? [portOf(listener)] : [],
  );
  // By hostname: listeners are told nothing of one another but these.
  const owners = graph.derive('listenerHostnames', byPort, (_, entries) =>
    Object.fromEntries(entries.map(({ key, value }) => [value.hostname ?? '*', key])),
  );
  return (key, listener, domain, read) => {
    const known = read(owners, portOf(listener)) ?? {};
    const owner = coveringHostnames(domain).find((hostname) => Object.hasOwn(known, hostname));
    return owner !== undefined && known[owner] === key;
  };
}

function portOf({ gateway, port, protocol }: AttachableListener): string {
  return `${gateway}:${port}/${protocol === 'UDP' ? 'udp' : 'tcp'}`;
}
