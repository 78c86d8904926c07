/** The process that a case of the bench runs in: `child.ts CASE SURROUNDINGS`, figures by message to the parent. */

import { chooseCases, type Surroundings } from './cases.ts';

const [name = '', surroundings = '{}'] = process.argv.slice(2);
for (const { load } of chooseCases([name])) {
  const { run } = await load();
  const figures = await run(JSON.parse(surroundings) as Surroundings);
  await new Promise((resolve) => process.send?.(figures, resolve));
}
process.exit(0);
