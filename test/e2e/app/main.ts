/**
 * The application of the end-to-end tests: one program that serves every protocol the mesh must carry, and
 * makes calls of every protocol when told to. Runs as the container of test pods.
 *
 *   8080  HTTP/1.1, h2c, gRPC and WebSocket on one port      7000  TCP echo
 *   8081  the same again, for ports of another name          7001  TCP, the server speaks first
 *   9999  control: POST /call, POST /load, GET /load         (excluded from the mesh by annotation)
 */

import { startControl } from './control.ts';
import { startBanner, startEcho, startWeb } from './servers.ts';

const name = process.env['POD_NAME'] ?? 'local';
const version = process.env['APP_VERSION'] ?? 'v1';
const closers = [
  await startWeb(8080, { name, version }),
  await startWeb(8081, { name, version }),
  await startEcho(7000),
  await startBanner(7001, name),
  await startControl(9999),
];

process.on('SIGTERM', () => {
  for (const close of closers) close();
  // Requests in flight may take up to /delay's second; the process ends by itself when they are done.
  setTimeout(() => process.exit(0), 3000).unref();
});
