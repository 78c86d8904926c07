/**
 * What the shop sells, over HTTP. Version v2 also says how many are left: the change that the canary rolls out.
 *
 *   GET /items    every n-th is answered 503 where FAIL_EVERY is n
 *   GET /counts   how many were answered, and how many of those 503
 */

import { serveJson, startHttp } from '../lib/http.ts';
import type { RoleOptions, Running } from '../lib/running.ts';

const goods = [
  { name: 'shuttle', left: 12 },
  { name: 'loom', left: 3 },
  { name: 'yarn', left: 250 },
];

export interface CatalogOptions extends RoleOptions {
  /** Every n-th request for items fails; 0 for none. */
  readonly failEvery?: number;
}

export function startCatalog({ version, port, failEvery = 0 }: CatalogOptions): Promise<Running> {
  const items = version === 'v1' ? goods.map(({ name }) => ({ name })) : goods;
  const counts = { answered: 0, failed: 0 };
  const server = serveJson((_request, path) => {
    if (path === '/counts') return { body: counts };
    if (path !== '/items') return { status: 404, body: { version, error: `no ${path} here` } };
    counts.answered += 1;
    if (failEvery === 0 || counts.answered % failEvery !== 0) return { body: { version, items } };
    counts.failed += 1;
    return { status: 503, body: { version, error: 'this one fails, as it was told to' } };
  });
  return startHttp(server, port);
}
