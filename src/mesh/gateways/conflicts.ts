/**
 * Which listeners cannot be told apart from others of their Gateway. The Gateway's own come first, then those of its
 * ListenerSets in their order; what came before keeps its place. Of listeners in one object that cannot be told apart
 * none is chosen: all are refused.
 */

import type { Condition } from '../gateway-model.ts';
import type { ReadListener } from './listeners.ts';

export type Conflict = Pick<Condition, 'reason' | 'message'>;

interface Taken {
  readonly layer: string;
  readonly hostnames: Map<string, ReadListener>;
  readonly first: ReadListener;
}

/**
 * By key of the listener. `groups` are the listeners of each object, in the order of precedence of the objects; those
 * with a problem of their own take part in nothing.
 */
export function findConflicts(groups: readonly (readonly ReadListener[])[]): ReadonlyMap<string, Conflict> {
  const conflicts = new Map<string, Conflict>();
  const taken = new Map<string, Taken>();
  for (const group of groups) {
    const left = group.filter((listener) => {
      if (listener.problem !== undefined) return false;
      const conflict = conflictWith(taken.get(placeOf(listener)), listener);
      if (conflict !== undefined) conflicts.set(listener.key, conflict);
      return conflict === undefined;
    });
    for (const [place, rivals] of Map.groupBy(left, placeOf)) {
      for (const listener of settle(rivals, conflicts)) take(taken, place, listener);
    }
  }
  return conflicts;
}

/** The listeners of one object on one port that can be told apart; of the others it notes why. */
function settle(rivals: readonly ReadListener[], conflicts: Map<string, Conflict>): readonly ReadListener[] {
  const layers = new Set(rivals.map(layerOf));
  if (layers.size > 1) {
    for (const listener of rivals) {
      const others = rivals.filter((rival) => layerOf(rival) !== layerOf(listener));
      conflicts.set(listener.key, protocolConflict(listener, others));
    }
    return [];
  }
  return [...Map.groupBy(rivals, ({ hostname = '' }) => hostname).values()].flatMap((same) => {
    if (same.length === 1) return same;
    for (const listener of same) {
      const others = same.filter((rival) => rival !== listener);
      conflicts.set(listener.key, sameHostname(listener, others));
    }
    return [];
  });
}

function take(taken: Map<string, Taken>, place: string, listener: ReadListener): void {
  const known = taken.get(place) ?? { layer: layerOf(listener), hostnames: new Map(), first: listener };
  known.hostnames.set(listener.hostname ?? '', listener);
  taken.set(place, known);
}

function conflictWith(taken: Taken | undefined, listener: ReadListener): Conflict | undefined {
  if (taken === undefined) return undefined;
  if (taken.layer !== layerOf(listener)) return protocolConflict(listener, [taken.first]);
  const other = taken.hostnames.get(listener.hostname ?? '');
  return other === undefined ? undefined : sameHostname(listener, [other]);
}

const placeOf = ({ protocol, port }: ReadListener): string => `${protocol === 'UDP' ? 'udp' : 'tcp'}:${port}`;

/** What shares a port is told apart by the Host header, or by the server name of TLS, or not at all. */
function layerOf({ protocol }: ReadListener): string {
  return protocol === 'HTTPS' || protocol === 'TLS' ? 'TLS' : (protocol ?? '');
}

function protocolConflict({ port, protocol }: ReadListener, others: readonly ReadListener[]): Conflict {
  const message = `port ${port} cannot carry ${protocol} beside ${others.map(describe).join(', ')}`;
  return { reason: 'ProtocolConflict', message };
}

function sameHostname(listener: ReadListener, others: readonly ReadListener[]): Conflict {
  const { port, hostname, protocol } = listener;
  if (protocol === 'TCP' || protocol === 'UDP') return protocolConflict(listener, others);
  const name = hostname === undefined ? 'every hostname' : `hostname ${hostname}`;
  const message = `port ${port} already carries ${name} for ${others.map(describe).join(', ')}`;
  return { reason: 'HostnameConflict', message };
}

function describe({ parent, section, protocol }: ReadListener): string {
  return `listener ${section} of ${parent.replace('/', ' ')} (${protocol})`;
}
