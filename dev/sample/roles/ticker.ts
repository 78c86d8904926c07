/** Live prices over WebSocket: a tick per second, and one at once for whoever asks. */

import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { startHttp } from '../lib/http.ts';
import type { RoleOptions, Running } from '../lib/running.ts';
import { acceptWebSocket, type WebSocketConnection } from '../lib/websocket.ts';

const tickEveryMs = 1000;

export async function startTicker({ version, port }: RoleOptions): Promise<Running> {
  const open = new Set<WebSocketConnection>();
  let tick = 0;
  const say = (connection: WebSocketConnection, asked: string): void =>
    connection.send(JSON.stringify({ version, tick, asked }));
  const server = createServer((_request, response) => {
    // 426: this is a WebSocket service.
    response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end();
  });
  server.on('upgrade', (request, socket, head) => {
    const connection = acceptWebSocket(request, socket as Socket, head, (text, from) => say(from, text));
    if (connection === undefined) return;
    open.add(connection);
    connection.onClosed(() => open.delete(connection));
  });
  const timer = setInterval(() => {
    tick += 1;
    for (const connection of open) say(connection, '');
  }, tickEveryMs);
  const running = await startHttp(server, port);
  return {
    port: running.port,
    close: () => {
      clearInterval(timer);
      for (const connection of open) connection.close(1001);
      return running.close();
    },
  };
}
