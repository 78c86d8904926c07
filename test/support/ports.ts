/** Ports for servers that cannot choose one themselves. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One of loopback that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
