/** A server that speaks first, like SMTP or MySQL: clients wait for its greeting, so a proxy must not wait for theirs. */

import { readLines, startLines } from '../lib/lines.ts';
import type { RoleOptions, Running } from '../lib/running.ts';

export function startGreeter({ version, port }: RoleOptions): Promise<Running> {
  return startLines(port, (socket) => {
    socket.write(`220 greeter ${version} at your service\r\n`);
    readLines(socket, (line) => {
      if (line === 'QUIT') socket.end(`221 goodbye from ${version}\r\n`);
      else socket.write(`250 ${version} hello ${line}\r\n`);
    });
  });
}
