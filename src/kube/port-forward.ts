/**
 * A local port that leads to a port of a pod, through the API server (`pods/portforward`, WebSocket). For the
 * command line; the client library is loaded only here, since it costs a third of a second.
 */

import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions } from './config.ts';

export interface ForwardedPort {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): void;
}

/** Rejects when the kubeconfig cannot be read; a pod that refuses shows when the port is used: the connection ends. */
export async function forwardPort(
  options: Pick<ConnectionOptions, 'kubeconfigPath' | 'context'>,
  pod: { readonly namespace: string; readonly name: string },
  port: number,
): Promise<ForwardedPort> {
  const { KubeConfig, PortForward } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (options.kubeconfigPath) config.loadFromFile(options.kubeconfigPath);
  else config.loadFromDefault();
  if (options.context) config.setCurrentContext(options.context);
  const forward = new PortForward(config);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    forward.portForward(pod.namespace, pod.name, [port], socket, null, socket).then(
      (connection) => {
        const ended = typeof connection === 'function' ? connection() : connection;
        socket.on('close', () => ended?.close());
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
