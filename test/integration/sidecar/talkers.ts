/**
 * An application whose ports differ in who speaks first, started as a program of its own in the pod.
 *
 *   http      HTTP: the client speaks first
 *   whoami    HTTP too, on a port that nobody describes: tells what it is told of its caller
 *   greeter   the server does, and says nothing more; on a port that a Service describes and on one that none does
 *   counter   tells how many bytes it got, once the client has said that there are no more
 */

import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';

export const talkerPorts = { http: 8080, whoami: 8081, greeter: [5432, 7000], counter: 7001 } as const;

export const greeting = '220 ready\n';

function main(): void {
  createServer((request, response) => response.end(`${request.method} ${request.url}`)).listen(
    talkerPorts.http,
    '::',
  );
  createServer((request, response) =>
    response.end(String(request.headers['x-forwarded-client-cert'])),
  ).listen(talkerPorts.whoami, '::');
  for (const port of talkerPorts.greeter) {
    createTcpServer((socket) => socket.on('error', () => {}).end(greeting)).listen(port, '::');
  }
  createTcpServer({ allowHalfOpen: true }, (socket) => {
    let count = 0;
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => {
      count += data.length;
    });
    socket.on('end', () => socket.end(`${count}\n`));
  }).listen(talkerPorts.counter, '::', () => console.log('listening'));
}

if (import.meta.main) main();
