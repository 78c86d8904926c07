/**
 * A local port that leads to a port of a pod, through the API server (`pods/portforward`, WebSocket). For the
 * command line; the client library is loaded only here, since it costs a third of a second.
 */

import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions } from './config.ts';
import { errorOfStatus, errorOfTransport } from './errors.ts';

export interface ForwardedPort {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Why the API server refused to forward; undefined while it has not. */
  failure(): Error | undefined;
  close(): void;
}

/**
 * Rejects when the kubeconfig cannot be read. A refusal shows when the port is used: the connection ends, and
 * `failure` says why.
 */
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
  let failure: Error | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    forward.portForward(pod.namespace, pod.name, [port], socket, null, socket).then(
      (connection) => {
        const ended = typeof connection === 'function' ? connection() : connection;
        socket.on('close', () => ended?.close());
      },
      (error: unknown) => {
        failure = failureOf(error, pod);
        socket.destroy();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    failure: () => failure,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The client library rejects with the event of its WebSocket, which tells the status only in words. */
function failureOf(event: unknown, { namespace, name }: { namespace: string; name: string }): Error {
  const request = `port-forward to pod ${namespace}/${name}`;
  const told = (event as { readonly message?: unknown }).message;
  const words = typeof told === 'string' ? told : String(event);
  const [, status] = /^Unexpected server response: (\d{3})$/.exec(words) ?? [];
  if (status === undefined) return errorOfTransport(request, new Error(words));
  const message = status === '403' ? 'you may not create pods/portforward' : words;
  return errorOfStatus(request, Number(status), { kind: 'Status', message });
}
