/** A proxy of the mesh on the node, one of whose handshakes is kept back for a while, as on a machine that is short of CPU. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tcpAlpn } from '../../../src/base/names.ts';
import { until } from './namespaces.ts';
import type { IdentityFiles } from './sidecar.ts';

export interface LateProxy {
  /** Whatever connects here is carried to the pod over mutual TLS. */
  readonly port: number;
  /** Keeps back for so long what the proxy first sends on the next connection that it makes. */
  delayNext(lateMs: number): void;
  /** Connections that it has made since. */
  connections(): number;
  stop(): void;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

export async function startLateProxy(
  envoy: string,
  identity: IdentityFiles,
  target: Target,
): Promise<LateProxy> {
  const port = 18_000;
  let count = 0;
  let lateMs = 0;
  const server = createServer((downstream) => {
    const upstream = connect(target);
    downstream.on('error', () => upstream.destroy());
    upstream.on('error', () => downstream.destroy());
    upstream.pipe(downstream);
    setTimeout(() => downstream.pipe(upstream), lateMs);
    lateMs = 0;
    count++;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const argument = JSON.stringify(configuration(port, (server.address() as AddressInfo).port, identity));
  const child = spawn(envoy, ['--config-yaml', argument], { stdio: 'ignore' });
  await until(() => accepts(port), 'the late proxy');
  // The connection that asked has one of its own behind it.
  await until(async () => count > 0, 'the first connection');
  return {
    port,
    delayNext: (nextMs) => {
      lateMs = nextMs;
      count = 0;
    },
    connections: () => count,
    stop: () => {
      child.kill('SIGKILL');
      server.close();
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answer;
}

function configuration(port: number, upstreamPort: number, { key, chain }: IdentityFiles): object {
  const at = (portValue: number): object => ({
    socket_address: { address: '127.0.0.1', port_value: portValue },
  });
  const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;
  return {
    static_resources: {
      listeners: [
        {
          name: 'late',
          address: at(port),
          filter_chains: [
            {
              filters: [
                {
                  name: 'tcp',
                  typed_config: {
                    '@type': type('filters.network.tcp_proxy.v3.TcpProxy'),
                    stat_prefix: 'late',
                    cluster: 'pod',
                    // As in what is translated for sidecars.
                    max_connect_attempts: 3,
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'pod',
          type: 'STATIC',
          connect_timeout: '5s',
          load_assignment: {
            cluster_name: 'pod',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: at(upstreamPort) } }] }],
          },
          transport_socket: {
            name: 'tls',
            typed_config: {
              '@type': type('transport_sockets.tls.v3.UpstreamTlsContext'),
              sni: 'p80.web.shop.weft',
              common_tls_context: {
                alpn_protocols: [tcpAlpn],
                tls_params: {
                  tls_minimum_protocol_version: 'TLSv1_3',
                  tls_maximum_protocol_version: 'TLSv1_3',
                },
                tls_certificates: [
                  { certificate_chain: { inline_string: chain }, private_key: { inline_string: key } },
                ],
              },
            },
          },
        },
      ],
    },
  };
}
