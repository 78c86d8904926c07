/** What every role of the shop is once it runs, and the little that all servers need. */

import type { AddressInfo, Server } from 'node:net';

export interface Running {
  readonly port: number;
  /** Takes no new work; resolves when what is in flight has been answered. */
  close(): Promise<void>;
}

/** Where the services of the shop are, as `host:port`. */
export interface Addresses {
  readonly web: string;
  readonly catalog: string;
  readonly prices: string;
  readonly ticker: string;
  readonly ledger: string;
  readonly greeter: string;
}

export interface RoleOptions {
  /** Told in every answer, so that a caller sees which version served it. */
  readonly version: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly addresses: Addresses;
}

/** Both address families where the machine has them. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve((server.address() as AddressInfo).port));
  });
}

export function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/** The parts of `host:port`; IPv6 hosts stand in brackets. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) throw new Error(`${JSON.stringify(address)} is not host:port`);
  return { host, port: Number(match?.[3]) };
}

/** Fails with the words of `what` when the promise takes longer. */
export async function within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
