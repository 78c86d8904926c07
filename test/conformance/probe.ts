/**
 * How long a changed route takes to be in force, measured while the suite keeps the control plane busy: a route of the
 * probe's own, in the mesh and on a Gateway, is given a new response header every second, and the data path is
 * asked until it answers with it. The time of a change includes that of writing it, which is also told by itself.
 */

import { createKubeApi } from '../../src/kube/api.ts';
import type { KubeApi, KubeObject, ResourceType } from '../../src/kube/types.ts';
import { wait } from '../../src/base/backoff.ts';
import { silent } from '../../src/base/log.ts';
import type { Cluster } from '../../dev/cluster/cluster.ts';
import { quantile } from '../bench/statistics.ts';
import { Connections, type Outcome, perform } from '../e2e/app/calls.ts';
import { createNamespace, createService, deployApp, kinds, put } from '../e2e/apps.ts';

const namespace = 'weft-conformance-probe';
const header = 'x-probe';
const pauseMs = 1_000;
const limitMs = 10_000;
const addressLimitMs = 60_000;
const gatewayKind: ResourceType = { ...kinds.httpRoute, plural: 'gateways', kind: 'Gateway' };

export interface Change {
  /** RFC 3339. */
  readonly startedAt: string;
  /** Until the API server had taken it. */
  readonly writtenMs: number;
  /** From its start until the first answer that showed it. */
  readonly effectMs: number;
}

export interface Measured {
  readonly path: 'mesh' | 'gateway';
  readonly changes: readonly Change[];
  /** Changes that did not show within 10 s. */
  readonly missed: number;
  /** Why nothing was measured. */
  readonly obstacle?: string;
}

interface Path {
  readonly name: Measured['path'];
  readonly parent: object;
  readonly ask: () => Promise<Outcome>;
}

/** Measures both until the signal aborts; resolves with what it has, and rejects for no reason of the cluster's. */
export async function measureRoutes(
  cluster: Cluster,
  options: { readonly image: string; readonly gatewayClass?: string; readonly signal: AbortSignal },
): Promise<readonly Measured[]> {
  const api = createKubeApi({ kubeconfigPath: cluster.kubeconfigPath, log: silent });
  const { signal } = options;
  const connections = new Connections(true);
  try {
    await createNamespace(api, namespace, true);
    await createService(api, namespace, 'server');
    const mesh = { cluster, api, image: options.image };
    const [client] = await Promise.all([
      deployApp(mesh, namespace, { name: 'client' }),
      deployApp(mesh, namespace, { name: 'server' }),
    ]);
    const call = { kind: 'http', url: 'http://server/', timeoutMs: 2_000 } as const;
    const inMesh: Path = {
      name: 'mesh',
      parent: { group: '', kind: 'Service', name: 'server' },
      ask: () => client.call(call),
    };
    const measuring = [measure(api, inMesh, signal)];
    if (options.gatewayClass !== undefined)
      measuring.push(measureGateway(api, options.gatewayClass, connections, signal));
    return await Promise.all(measuring);
  } catch (error) {
    return [{ path: 'mesh', changes: [], missed: 0, obstacle: String(error) }];
  } finally {
    connections.close();
  }
}

async function measureGateway(
  api: KubeApi,
  gatewayClass: string,
  connections: Connections,
  signal: AbortSignal,
): Promise<Measured> {
  const listeners = [{ name: 'http', port: 80, protocol: 'HTTP' }];
  const spec = { gatewayClassName: gatewayClass, listeners };
  await put(api, gatewayKind, { metadata: { name: 'probe', namespace }, spec });
  const address = await addressOf(api, signal);
  if (address === undefined)
    return {
      path: 'gateway',
      changes: [],
      missed: 0,
      obstacle: 'the Gateway had no address within 60 s',
    };
  const call = { kind: 'http', url: `http://${address}/`, timeoutMs: 2_000 } as const;
  const parent = { kind: 'Gateway', name: 'probe' };
  return measure(api, { name: 'gateway', parent, ask: () => perform(call, connections) }, signal);
}

async function addressOf(api: KubeApi, signal: AbortSignal): Promise<string | undefined> {
  interface Addressed extends KubeObject {
    readonly status?: { readonly addresses?: readonly { readonly value: string }[] };
  }
  const deadlineMs = performance.now() + addressLimitMs;
  while (performance.now() < deadlineMs && !signal.aborted) {
    const found = await api.get<Addressed>(gatewayKind, 'probe', namespace);
    const value = found?.status?.addresses?.[0]?.value;
    if (value !== undefined) return value;
    await wait(200);
  }
  return undefined;
}

async function measure(api: KubeApi, path: Path, signal: AbortSignal): Promise<Measured> {
  const changes: Change[] = [];
  let missed = 0;
  // The first change also waits for what is only made once.
  await change(api, path, 0, signal);
  for (let version = 1; !signal.aborted; version += 1) {
    const made = await change(api, path, version, signal).catch(() => undefined);
    if (signal.aborted) break;
    if (made === undefined) missed += 1;
    else changes.push(made);
    await wait(pauseMs, signal).catch(() => {});
  }
  return { path: path.name, changes, missed };
}

/** Writes the route and waits until it shows; undefined where it does not. */
async function change(
  api: KubeApi,
  path: Path,
  version: number,
  signal: AbortSignal,
): Promise<Change | undefined> {
  const startedAt = new Date().toISOString();
  const startedMs = performance.now();
  const filter = {
    type: 'ResponseHeaderModifier',
    responseHeaderModifier: { set: [{ name: header, value: String(version) }] },
  };
  const rule = { filters: [filter], backendRefs: [{ name: 'server', port: 80 }] };
  const metadata = { name: `probe-${path.name}`, namespace };
  await put(api, kinds.httpRoute, { metadata, spec: { parentRefs: [path.parent], rules: [rule] } });
  const writtenMs = performance.now() - startedMs;
  while (performance.now() < startedMs + limitMs && !signal.aborted) {
    const { headers } = await path.ask();
    if (headers[header] === String(version))
      return { startedAt, writtenMs, effectMs: performance.now() - startedMs };
  }
  return undefined;
}

/** `mesh: 120 changes, p50 34 ms, p99 180 ms (writing them: p50 8 ms, p99 40 ms)` */
export function describeMeasured({ path, changes, missed, obstacle }: Measured): string {
  if (obstacle !== undefined) return `${path}: not measured: ${obstacle}`;
  const late = missed === 0 ? '' : `, ${missed} not within ${limitMs / 1000} s`;
  if (changes.length === 0) return `${path}: no change came into force${late}`;
  const told = (times: readonly number[]): string =>
    `p50 ${Math.round(quantile(times, 0.5))} ms, p99 ${Math.round(quantile(times, 0.99))} ms`;
  const effect = told(changes.map(({ effectMs }) => effectMs));
  const written = told(changes.map(({ writtenMs }) => writtenMs));
  return `${path}: ${changes.length} changes, ${effect} (writing them: ${written})${late}`;
}

/** One line for each change, for whoever looks for what the suite did at the time of a slow one. */
export function measuredLines({ path, changes }: Measured): readonly string[] {
  return changes.map(
    ({ startedAt, writtenMs, effectMs }) =>
      `${startedAt} ${path} ${Math.round(effectMs)} ms, written after ${Math.round(writtenMs)} ms`,
  );
}
