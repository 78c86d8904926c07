/** Text protocols over TCP: a line each way. */

import { connect, createServer, type Server, type Socket } from 'node:net';
import { listen, type Running, splitAddress, stopListening } from './running.ts';

const lineLimitBytes = 4096;

/** Calls `onLine` for every line, without its end. A line that does not end in time ends the connection. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  let partial = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (partial + chunk).split('\n');
    partial = lines.pop() ?? '';
    if (partial.length > lineLimitBytes) socket.destroy();
    for (const line of lines) onLine(line.replace(/\r$/, ''));
  });
}

/** Serves a line protocol; the connections that are open when it closes are ended after their last answer. */
export async function startLines(port: number, onConnection: (socket: Socket) => void): Promise<Running> {
  const open = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  return {
    port: await listen(server, port),
    close: () => {
      const closed = stopListening(server);
      for (const socket of open) socket.end();
      return closed;
    },
  };
}

/**
 * One conversation on a connection of its own: sends each line of `say` after a line was heard, the first at once
 * unless `serverSpeaksFirst`. Resolves with all lines heard, as many as were said (and the greeting).
 */
export function converse(
  address: string,
  say: readonly string[],
  options: { readonly serverSpeaksFirst: boolean; readonly timeoutMs: number },
): Promise<readonly string[]> {
  const { host, port } = splitAddress(address);
  const expected = say.length + (options.serverSpeaksFirst ? 1 : 0);
  return new Promise((resolve, reject) => {
    const heard: string[] = [];
    const left = [...say];
    const socket = connect({ host, port, noDelay: true });
    const next = (): void => {
      const line = left.shift();
      if (line !== undefined) socket.write(`${line}\n`);
    };
    socket.setTimeout(options.timeoutMs, () => {
      socket.destroy(new Error(`${address}: silent for ${options.timeoutMs} ms`));
    });
    if (!options.serverSpeaksFirst) socket.on('connect', next);
    readLines(socket, (line) => {
      heard.push(line);
      if (heard.length < expected) return next();
      socket.end();
      resolve(heard);
    });
    socket.on('error', reject);
    socket.on('close', () =>
      reject(new Error(`${address}: closed after ${heard.length} of ${expected} lines`)),
    );
  });
}
