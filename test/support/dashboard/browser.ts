/** Chromium for tests and measurements: Debian's, brought when it is missing, without a window. */

import { type Browser, chromium } from 'playwright-core';
import { ensureDebianProgram } from '../../../dev/cluster/debian.ts';

/** Drawn by the processor, as on a machine without a graphics card; the sandbox needs rights that root in a container lacks. */
const flags = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb'];

export async function openBrowser(): Promise<Browser> {
  const executablePath = await ensureDebianProgram('chromium', console.log);
  return chromium.launch({ executablePath, args: flags });
}
