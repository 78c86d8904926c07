/** What the shop sells, over HTTP. Version v2 also says how many are left: the change that the canary rolls out. */

import { serveJson, startHttp } from '../lib/http.ts';
import type { RoleOptions, Running } from '../lib/running.ts';

const goods = [
  { name: 'shuttle', left: 12 },
  { name: 'loom', left: 3 },
  { name: 'yarn', left: 250 },
];

export function startCatalog({ version, port }: RoleOptions): Promise<Running> {
  const items = version === 'v1' ? goods.map(({ name }) => ({ name })) : goods;
  const server = serveJson((_request, path) =>
    path === '/items'
      ? { body: { version, items } }
      : { status: 404, body: { version, error: `no ${path} here` } },
  );
  return startHttp(server, port);
}
