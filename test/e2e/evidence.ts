/** Evidence from outside the application: what a proxy counts, and what is on the wire. */

import { spawn } from 'node:child_process';
import type { Cluster } from '../../dev/cluster/cluster.ts';
import { healthPort } from '../../src/base/names.ts';

/** Prometheus series of a proxy, or of what else is asked on another port: `name{labels}` -> value. */
export async function proxyMetrics(address: string, port = healthPort): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://${address}:${port}/metrics`);
  const series = new Map<string, number>();
  for (const line of (await response.text()).split('\n')) {
    const at = line.lastIndexOf(' ');
    if (at > 0 && !line.startsWith('#')) series.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return series;
}

/** The sum over all series whose `name{labels}` matches. */
export async function sumOf(address: string, pattern: RegExp, port = healthPort): Promise<number> {
  let sum = 0;
  for (const [name, value] of await proxyMetrics(address, port)) if (pattern.test(name)) sum += value;
  return sum;
}

/** Mutual TLS handshakes that the proxy completed as a server. */
export function inboundHandshakes(address: string): Promise<number> {
  return sumOf(address, /^envoy_listener_ssl_handshake\{.*15006/);
}

/**
 * What passes the node's bridge to and from an address while `action` runs, as raw bytes in one string, so that a
 * marker in a plaintext request is found and one under TLS is not.
 */
export async function capture(
  cluster: Cluster,
  address: string,
  action: () => Promise<unknown>,
): Promise<string> {
  const tcpdump = spawn('nsenter', [
    `--net=${cluster.networkNamespace}`,
    'tcpdump',
    '-i',
    'cni0',
    '-U',
    '--immediate-mode',
    '-w',
    '-',
    'host',
    address,
  ]);
  const chunks: Buffer[] = [];
  tcpdump.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const listening = new Promise<void>((resolve, reject) => {
    let said = '';
    tcpdump.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('listening on')) resolve();
    });
    tcpdump.once('error', reject);
    tcpdump.once('exit', () => reject(new Error(`tcpdump ended: ${said}`)));
  });
  await listening;
  await action();
  const ended = new Promise((resolve) => tcpdump.once('exit', resolve));
  tcpdump.kill('SIGINT');
  await ended;
  return Buffer.concat(chunks).toString('latin1');
}
