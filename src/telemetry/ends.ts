/** The ends of traffic, as reports name them: each distinct one is made once and shared by all series. */

import { parsePeer } from '../base/signals.ts';
import type { TrafficEnd } from './model.ts';

export const unknownEnd: TrafficEnd = { kind: 'unknown', namespace: '', name: '', version: '' };

/** A peer, and whether it proved who it is. */
export interface PeerEnd {
  readonly end: TrafficEnd;
  readonly mtls: boolean;
}

const unknownPeer: PeerEnd = { end: unknownEnd, mtls: false };

/** Names of Kubernetes: what is written otherwise is no name of a workload. */
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const workloadPattern = /^[A-Z][A-Za-z0-9]{0,62}\/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
/** Value of a label. */
const versionPattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
/** A host name or address, with or without a port. */
const hostPattern = /^[A-Za-z0-9.:[\]%_-]{1,262}$/;

/** Beyond it all are forgotten: names may come from anybody who may report. */
const maxRemembered = 20_000;

export class Ends {
  readonly #peers = new Map<string, PeerEnd | undefined>();
  readonly #hosts = new Map<string, TrafficEnd>();

  /**
   * The end that a tag `peer` names; the unknown one where it is empty or the subject is not one of the mesh; undefined
   * where it claims a name that cannot be.
   */
  peer(tag: string): PeerEnd | undefined {
    if (tag === '') return unknownPeer;
    if (this.#peers.has(tag)) return this.#peers.get(tag);
    const peer = readPeer(tag);
    remember(this.#peers, tag, peer);
    return peer;
  }

  /** Undefined where it is no host. */
  host(name: string): TrafficEnd | undefined {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    if (!hostPattern.test(name)) return undefined;
    const end: TrafficEnd = { kind: 'external', namespace: '', name, version: '' };
    remember(this.#hosts, name, end);
    return end;
  }
}

/** Undefined where these cannot be names of a workload. */
export function workloadEnd(namespace: string, workload: string, version: string): TrafficEnd | undefined {
  if (!namespacePattern.test(namespace) || !workloadPattern.test(workload) || !versionPattern.test(version)) {
    return undefined;
  }
  return {
    kind: workload.startsWith('Gateway/') ? 'gateway' : 'workload',
    namespace,
    name: workload,
    version,
  };
}

function readPeer(tag: string): PeerEnd | undefined {
  const peer = parsePeer(tag);
  // A certificate of the mesh from before subjects, or one of somebody else.
  if (peer === undefined || (peer.namespace === '' && peer.workload === '')) return unknownPeer;
  const end = workloadEnd(peer.namespace, peer.workload, peer.version);
  return end === undefined ? undefined : { end, mtls: peer.mtls };
}

function remember<T>(known: Map<string, T>, key: string, value: T): void {
  if (known.size >= maxRemembered) known.clear();
  known.set(key, value);
}
