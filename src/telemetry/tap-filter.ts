/** What somebody wants to see: which proxies, and which of their requests. */

import type { MeshPod } from '../mesh/model.ts';
import type { ContentSpec } from './tap-contents.ts';
import type { TapEvent, TrafficEnd, TrafficSide } from './model.ts';

/** As it travels from one replica to another. */
export interface TapSpec {
  /** `shop/Deployment/web`, `shop/Pod/web-1`, or `shop` for all proxies of the namespace. */
  readonly target: string;
  /** The other end: a namespace, `namespace/kind/name`, or with `service/` before it `namespace/name[:port]`. */
  readonly to?: string;
  readonly from?: string;
  readonly side?: TrafficSide;
  /** Upper case. */
  readonly method?: string;
  /** Begin of the path; with a `*` anywhere, all of it. */
  readonly path?: string;
  /** `503`, `5xx`, `error` (failed in any way) or `0`. */
  readonly status?: string;
  readonly maxPerSecond: number;
  /** Only the replica that was asked sees to it. */
  readonly content?: ContentSpec;
}

export function isTarget(spec: TapSpec, pod: MeshPod): boolean {
  if (!pod.meshed) return false;
  const { target } = spec;
  return target === pod.namespace || target === pod.workload || target === `${pod.namespace}/Pod/${pod.name}`;
}

/** Compiled once for a tap. */
export function tapMatcher(spec: TapSpec): (event: TapEvent) => boolean {
  const { side, method } = spec;
  const path = spec.path === undefined ? undefined : pathMatcher(spec.path);
  const status = spec.status === undefined ? undefined : statusMatcher(spec.status);
  const { to, from } = spec;
  return (event) =>
    (side === undefined || event.side === side) &&
    (method === undefined || event.method === method) &&
    (path === undefined || path(event.path)) &&
    (status === undefined || status(event)) &&
    (to === undefined || (event.side === 'client' && isEnd(to, event.destination, event.service))) &&
    (from === undefined || (event.side === 'server' && isEnd(from, event.source, '')));
}

function pathMatcher(pattern: string): (path: string) => boolean {
  if (!pattern.includes('*')) return (path) => path.startsWith(pattern);
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  return (path) => {
    if (!path.startsWith(first) || path.length < first.length + last.length || !path.endsWith(last))
      return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = path.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= path.length - last.length;
  };
}

function statusMatcher(wanted: string): (event: TapEvent) => boolean {
  if (wanted === 'error') {
    return ({ status, grpcStatus, flags, protocol }) =>
      status >= 500 || (status === 0 && protocol !== 'tcp') || (grpcStatus ?? 0) > 0 || flags.length > 0;
  }
  const hundred = /^([1-5])xx$/.exec(wanted)?.[1];
  if (hundred !== undefined) return ({ status }) => Math.floor(status / 100) === Number(hundred);
  return ({ status }) => status === Number(wanted);
}

function isEnd(wanted: string, end: TrafficEnd, service: string): boolean {
  if (wanted.startsWith('service/')) {
    const key = wanted.slice('service/'.length);
    return service === key || (!key.includes(':') && service.startsWith(`${key}:`));
  }
  return wanted === end.namespace || wanted === `${end.namespace}/${end.name}`;
}
