/** `/ready` beside whatever a role serves: 200 while it takes work, 503 once it is leaving. */

import { serveJson, startHttp } from '../lib/http.ts';
import type { Running } from '../lib/running.ts';

export interface Health extends Running {
  /** From now on 503. */
  leave(): void;
}

export async function startHealth(port: number): Promise<Health> {
  let ready = true;
  const server = serveJson((_request, path) => {
    if (path !== '/ready') return { status: 404, body: { error: 'only /ready here' } };
    return { status: ready ? 200 : 503, body: { ready } };
  });
  const running = await startHttp(server, port);
  return {
    ...running,
    leave: () => {
      ready = false;
    },
  };
}
