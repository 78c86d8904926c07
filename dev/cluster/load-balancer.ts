/**
 * What a cloud does for Services of type LoadBalancer: each gets an address of the cluster's pool in its status, which
 * kube-proxy then answers for. Runs in the keeper, so that it ends with the cluster and leaves nothing behind.
 */

import { wait } from '../../src/base/backoff.ts';
import type { Log } from '../command.ts';
import { type Addresses, poolAddresses, staticPoolAddresses } from './addresses.ts';
import type { ApiClient } from './api.ts';

export interface BalancedService {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion?: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: {
    readonly type?: string;
    readonly loadBalancerIP?: string;
    readonly loadBalancerClass?: string;
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

/** Pure: who has which address, and who is to get one. */
export class AddressPool {
  readonly #dynamic: readonly string[];
  readonly #static: ReadonlySet<string>;
  readonly #holders = new Map<string, string>();
  /** Where the search for a free address goes on: one that was just given back is not given out again at once. */
  #next = 0;

  constructor(addresses: Addresses) {
    this.#dynamic = poolAddresses(addresses);
    this.#static = new Set(staticPoolAddresses(addresses));
  }

  release(uid: string): void {
    for (const [address, holder] of this.#holders) if (holder === uid) this.#holders.delete(address);
  }

  /** The address that the Service is to have; undefined where it is to have none. */
  assign(service: BalancedService): string | undefined {
    const { uid, deletionTimestamp } = service.metadata;
    const { type, loadBalancerIP = '', loadBalancerClass } = service.spec;
    const isOurs = type === 'LoadBalancer' && loadBalancerClass === undefined;
    const address =
      !isOurs || deletionTimestamp !== undefined
        ? undefined
        : loadBalancerIP === ''
          ? this.#dynamicAddress(service)
          : this.#wanted(loadBalancerIP, uid);
    this.release(uid);
    if (address !== undefined) this.#holders.set(address, uid);
    return address;
  }

  #wanted(address: string, uid: string): string | undefined {
    const inPool = this.#static.has(address) || this.#dynamic.includes(address);
    return inPool && this.#isFree(address, uid) ? address : undefined;
  }

  #dynamicAddress({ metadata, status }: BalancedService): string | undefined {
    const present = status?.loadBalancer?.ingress?.[0]?.ip;
    if (present !== undefined && this.#dynamic.includes(present) && this.#isFree(present, metadata.uid))
      return present;
    for (let step = 0; step < this.#dynamic.length; step++) {
      const candidate = this.#dynamic[(this.#next + step) % this.#dynamic.length];
      if (candidate === undefined || !this.#isFree(candidate, metadata.uid)) continue;
      this.#next = (this.#next + step + 1) % this.#dynamic.length;
      return candidate;
    }
    return undefined;
  }

  #isFree(address: string, uid: string): boolean {
    const holder = this.#holders.get(address);
    return holder === undefined || holder === uid;
  }
}

interface ServiceList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly BalancedService[];
}

interface WatchEvent {
  readonly type: string;
  readonly object: BalancedService;
}

const retryMs = 200;

/** Serves Services until the signal aborts; never rejects. */
export async function runLoadBalancer(
  api: ApiClient,
  addresses: Addresses,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const pool = new AddressPool(addresses);
  while (!signal.aborted) {
    try {
      await follow(api, pool, signal);
    } catch (error) {
      if (signal.aborted) return;
      log(`load balancer: ${error instanceof Error ? error.message : String(error)}`);
    }
    await wait(retryMs, signal);
  }
}

/** From a list to the end of the watch that follows it. */
async function follow(api: ApiClient, pool: AddressPool, signal: AbortSignal): Promise<void> {
  const listed = await api.send('GET', '/api/v1/services');
  if (listed.status !== 200) throw new Error(`listing Services: ${listed.status} ${listed.body}`);
  const { items, metadata } = JSON.parse(listed.body) as ServiceList;
  // Those that have an address keep it, whoever comes first in the list.
  const byAge = [...items].sort((a, b) => Number(hasAddress(b)) - Number(hasAddress(a)));
  for (const service of byAge) await serve(api, pool, service);
  const path = `/api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`;
  for await (const line of api.lines(path, signal)) {
    const { type, object } = JSON.parse(line) as WatchEvent;
    if (type === 'ERROR') return;
    if (type === 'DELETED') pool.release(object.metadata.uid);
    else if (type !== 'BOOKMARK') await serve(api, pool, object);
  }
}

function hasAddress(service: BalancedService): boolean {
  return (service.status?.loadBalancer?.ingress ?? []).length > 0;
}

async function serve(api: ApiClient, pool: AddressPool, service: BalancedService): Promise<void> {
  if (service.spec.loadBalancerClass !== undefined) return;
  const { namespace, name } = service.metadata;
  const address = pool.assign(service);
  const present = service.status?.loadBalancer?.ingress ?? [];
  if (address === present[0]?.ip && present.length === (address === undefined ? 0 : 1)) return;
  const ingress = address === undefined ? null : [{ ip: address }];
  const path = `/api/v1/namespaces/${namespace}/services/${name}/status`;
  const answer = await api.send('PATCH', path, { status: { loadBalancer: { ingress } } });
  if (answer.status >= 300 && answer.status !== 404)
    throw new Error(`PATCH ${path}: ${answer.status} ${answer.body}`);
}
