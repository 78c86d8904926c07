/** A thousand light proxies in a process of their own, told what to do one command after the other. */

import { type ChildProcess, fork } from 'node:child_process';
import { formatIdentity } from '../../src/base/spiffe.ts';
import type { Authority } from '../../src/ca/authority.ts';
import { generateKey, keyPem, publicKeyDer } from '../../src/ca/material.ts';
import type { ResourceKind } from '../../src/xds/resource.ts';
import { controlNamespace, type Workload } from './workload.ts';

export interface FleetProxy {
  readonly id: string;
  readonly workload: string;
  /** PEM. */
  readonly key: string;
  readonly chain: string;
  /** `<ip>:<port>`; undefined for everything there is. */
  readonly destinations: readonly string[] | undefined;
}

export interface FleetSetup {
  /** PEM. */
  readonly ca: string;
  readonly serverName: string;
  readonly proxies: readonly FleetProxy[];
  readonly everything: readonly string[];
}

export type FleetCommand =
  | { readonly what: 'set up'; readonly setup: FleetSetup }
  | { readonly what: 'sync'; readonly port: number; readonly count: number; readonly resume: boolean }
  | { readonly what: 'arm'; readonly kind: ResourceKind; readonly name: string }
  | { readonly what: 'arrived'; readonly sinceMs: number }
  | { readonly what: 'drop' | 'received' | 'expect loss' };

/** When half, nine tenths and all of the proxies had something, in milliseconds. */
export interface Spread {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly lastMs: number;
}

export interface FleetReply {
  readonly spread?: Spread;
  /** gRPC messages received by all proxies together. */
  readonly bytes?: number;
  readonly resources?: number;
  readonly holders?: number;
  readonly error?: string;
}

/** As many destinations as a workload is thought to use. */
const usedPerWorkload = 20;
const dayMs = 86_400_000;

export class Fleet {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(new URL('./fleet-process.ts', import.meta.url), {
      execArgv: ['--max-old-space-size=4096'],
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask(command: FleetCommand): Promise<FleetReply> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the process of the proxies ended'));
      this.#child.once('exit', ended);
      this.#child.once('message', (message) => {
        this.#child.off('exit', ended);
        const reply = message as FleetReply;
        if (reply.error === undefined) resolve(reply);
        else reject(new Error(reply.error));
      });
      this.#child.send(command);
    });
  }

  /** Every proxy connects, afresh or with what it holds; resolves when all are in sync. */
  async sync(
    port: number,
    count: number,
    resume = false,
  ): Promise<Required<Pick<FleetReply, 'spread' | 'bytes' | 'resources'>>> {
    const { spread, bytes = 0, resources = 0 } = await this.ask({ what: 'sync', port, count, resume });
    if (spread === undefined) throw new Error('the proxies did not say when they were in sync');
    return { spread, bytes, resources };
  }

  end(): void {
    this.#child.kill();
  }
}

/** Milliseconds of the clock that all processes of the machine share. */
export function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** One proxy per Service, each with a certificate of its own pod's identity. */
export function fleetSetup(workload: Workload, authority: Authority, scope: 'mesh' | 'scoped'): FleetSetup {
  const everything = workload.services.map(({ clusterIP }) => `${clusterIP}:80`);
  const proxies = workload.proxies.map(({ namespace, name, uid, serviceAccount }, index): FleetProxy => {
    const key = generateKey();
    const identity = formatIdentity({ trustDomain: 'cluster.local', namespace, serviceAccount });
    const { chain } = authority.issueWorkload({ publicKey: publicKeyDer(key), identity, lifetimeMs: dayMs });
    return {
      id: `${namespace}/${name}/${uid}`,
      workload: `${namespace}/Deployment/${serviceAccount}`,
      key: keyPem(key),
      chain,
      destinations: scope === 'mesh' ? undefined : scopeOf(index, everything),
    };
  });
  return { ca: authority.trustBundle, serverName: `weft.${controlNamespace}.svc`, proxies, everything };
}

/** Every Service is used by as many workloads as every other. */
function scopeOf(index: number, everything: readonly string[]): readonly string[] {
  return Array.from(
    { length: usedPerWorkload },
    (_, step) => everything[(index + step * 7) % everything.length] ?? '',
  );
}
