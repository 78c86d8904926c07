/** What a replica tells the others of itself: of proxies each knows only those that are connected to it. */

import type { ProxyReport, ReplicaStatus } from '../debug.ts';
import type { Answered } from '../peers.ts';

export interface ReplicaReport extends ReplicaStatus {
  /** When it started, and with it its memory of traffic. */
  readonly sinceMs: number;
  /** Its own certificate, for the webhook, proxies and other replicas. */
  readonly serving: { readonly serial: string; readonly notAfterMs: number };
  /** What proxies refuse of what it serves, newest content only. */
  readonly rejections: readonly Rejection[];
}

export interface Rejection {
  /** `<kind> <name>` of the Envoy resource. */
  readonly resource: string;
  readonly message: string;
  /** Objects it is computed from, as `<kind> <namespace/name>`. */
  readonly from: readonly string[];
}

export interface ConnectedProxy extends ProxyReport {
  readonly replica: string;
}

/** By `namespace/pod`; a proxy that moved while replicas were asked counts where it connected last. */
export function connectedProxies(
  answers: readonly Answered<ReplicaReport>[],
): ReadonlyMap<string, ConnectedProxy> {
  const proxies = new Map<string, ConnectedProxy>();
  for (const { answer } of answers) {
    for (const proxy of answer.proxies) {
      const known = proxies.get(proxy.proxy);
      if (known !== undefined && known.connectedForMs <= proxy.connectedForMs) continue;
      proxies.set(proxy.proxy, { ...proxy, replica: answer.replica });
    }
  }
  return proxies;
}

/** Everything it should have is acknowledged; one that reconnected with all of it is sent nothing. */
export function isInSync(proxy: ProxyReport): boolean {
  return proxy.pending === 0 && proxy.nacks === 0 && Object.values(proxy.held).some((count) => count > 0);
}
