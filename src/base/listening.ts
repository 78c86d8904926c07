/** Servers, from the moment on at which they can be reached. */

import type { Server } from 'node:net';

/** Rejects where the port cannot be had. */
export function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}
