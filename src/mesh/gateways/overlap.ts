/**
 * Listeners of TLS on one port whose hostnames or certificates overlap: a client that reuses a connection may then
 * speak to one of them on a connection made for another (GEP-3567).
 */

import type { Condition } from '../gateway-model.ts';
import type { Draft } from './judge-listener.ts';
import type { ReadListener } from './listeners.ts';

interface Named {
  readonly listener: ReadListener;
  readonly name: string;
}

/** By key of the listener: OverlappingTLSConfig, for those that overlap with others. */
export function overlapOf(
  listeners: readonly Pick<Draft, 'listener' | 'resolved'>[],
): ReadonlyMap<string, Condition> {
  const conditions = new Map<string, Condition>();
  const secured = listeners.filter(({ listener }) => listener.tlsMode !== undefined);
  for (const rivals of Map.groupBy(secured, ({ listener }) => listener.port).values()) {
    if (rivals.length < 2) continue;
    const hostnames = rivals.map(({ listener }) => ({ listener, name: listener.hostname ?? '*' }));
    mark(hostnames, 'OverlappingHostnames', conditions);
    // A certificate matters where it is shown: the client of a passed-through connection sees that of the backend.
    const shown = rivals.filter(({ listener }) => listener.tlsMode === 'Terminate');
    const certified = shown.flatMap(({ listener, resolved }) =>
      resolved.dnsNames.map((name) => ({ listener, name })),
    );
    mark(certified, 'OverlappingCertificates', conditions);
  }
  return conditions;
}

/** Names at one name or wildcard: two of different listeners are enough to tell each listener of another. */
type Pair = readonly [Named, Named?];

function mark(names: readonly Named[], reason: string, conditions: Map<string, Condition>): void {
  // By name or wildcard: who has it, and who has a name that it means.
  const holders = new Map<string, Pair>();
  const meant = new Map<string, Pair>();
  for (const one of names) {
    join(holders, one.name, one);
    for (const name of coveredBy(one.name)) join(meant, name, one);
  }
  for (const one of names) {
    const wider = coveredBy(one.name).map((name) => otherThan(one, holders.get(name)));
    const other = wider.find((each) => each !== undefined) ?? otherThan(one, meant.get(one.name));
    if (other !== undefined) note(one, other, reason, conditions);
  }
}

function join(pairs: Map<string, Pair>, name: string, one: Named): void {
  const [first, second] = pairs.get(name) ?? [];
  if (first === undefined) pairs.set(name, [one]);
  else if (second === undefined && first.listener !== one.listener) pairs.set(name, [first, one]);
}

function otherThan({ listener }: Named, pair: Pair | undefined): Named | undefined {
  return pair?.find((each) => each !== undefined && each.listener !== listener);
}

/** The names that mean all that this one means: itself, and the wildcards above it. */
function coveredBy(name: string): readonly string[] {
  if (name === '*') return ['*'];
  const labels = (name.startsWith('*.') ? name.slice(2) : name).split('.');
  const above = labels.map((_, i) => `*.${labels.slice(i).join('.')}`);
  return [...new Set([name, ...above.slice(name.startsWith('*.') ? 0 : 1), '*'])];
}

function note(one: Named, other: Named, reason: string, conditions: Map<string, Condition>): void {
  const known = conditions.get(one.listener.key);
  if (known?.reason === reason) return;
  const what = reason === 'OverlappingHostnames' ? 'hostname' : 'certificate for';
  const nameOf = ({ name }: Named): string => (name === '*' ? 'every hostname' : name);
  const message = `its ${what} ${nameOf(one)} overlaps with ${nameOf(other)} of listener ${other.listener.section} on the same port`;
  conditions.set(one.listener.key, { type: 'OverlappingTLSConfig', status: true, reason, message });
}
