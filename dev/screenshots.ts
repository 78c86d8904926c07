/**
 * The pictures of docs/observability: the web page with generated data behind it, in Chromium. `node dev/screenshots.ts`
 * makes all of them anew.
 */

import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../test/support/dashboard/browser.ts';
import { meshGraph } from '../test/support/dashboard/graph-data.ts';
import { startDashboardServer } from '../test/support/dashboard/server.ts';
import { goTo } from '../test/support/dashboard/watched-page.ts';
import { installPackages } from './cluster/debian.ts';
import { projectDirectory } from './cluster/paths.ts';

interface Picture {
  readonly name: string;
  readonly address: string;
  readonly theme: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Behind it a mesh of 200 workloads instead of the sample's; too many lines for a PNG of a decent size. */
  readonly large?: true;
  /** What a reader presses first. */
  readonly press?: string;
}

const pictures: readonly Picture[] = [
  { name: 'dashboard-overview-light', address: '#/', theme: 'light' },
  { name: 'dashboard-overview-dark', address: '#/', theme: 'dark' },
  { name: 'dashboard-graph-light', address: '#/graph', theme: 'light' },
  { name: 'dashboard-graph-dark', address: '#/graph', theme: 'dark' },
  { name: 'dashboard-large-dark', address: '#/graph', theme: 'dark', large: true },
  {
    name: 'dashboard-focus-light',
    address: '#/graph?focus=workload%3Ashop%2FDeployment%2Fcheckout',
    theme: 'light',
  },
  { name: 'dashboard-route-light', address: '#/routes/shop/HTTPRoute/catalog', theme: 'light' },
  { name: 'dashboard-tap-dark', address: '#/tap?ns=shop&target=deploy%2Fweb', theme: 'dark', press: 'Start' },
  { name: 'dashboard-phone-dark', address: '#/workloads', theme: 'dark', width: 390, height: 760 },
];

const fontFolder = '/usr/share/fonts/opentype/inter';
const mostBytes = 200_000;
const folder = join(projectDirectory, 'docs', 'observability');

async function take(browser: Browser, picture: Picture): Promise<void> {
  const server = await startDashboardServer(
    picture.large === true
      ? { graph: (nowMs) => meshGraph({ nodes: 200, edges: 2000, namespaces: 10 }, nowMs) }
      : {},
  );
  const context = await browser.newContext({
    viewport: { width: picture.width ?? 1280, height: picture.height ?? 800 },
    colorScheme: picture.theme,
    reducedMotion: 'reduce',
  });
  try {
    const page = await context.newPage();
    await goTo(page, `${server.url}${picture.address}`);
    if (picture.press !== undefined) {
      await page.getByRole('button', { name: picture.press }).click();
      await page.locator('tbody tr').nth(14).waitFor();
    }
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    const isLarge = picture.large === true;
    const path = join(folder, `${picture.name}.${isLarge ? 'jpg' : 'png'}`);
    await page.screenshot({ path, ...(isLarge ? { type: 'jpeg', quality: 62 } : {}) });
    const { size } = await stat(path);
    if (size > mostBytes) throw new Error(`${path} has ${size} bytes, more than ${mostBytes}`);
    console.log(`${path} (${Math.round(size / 1000)} kB)`);
  } finally {
    await context.close();
    await server.close();
  }
}

// The page takes the first of its fonts that a machine has; the pictures are to look alike wherever they are made.
if (!existsSync(fontFolder)) await installPackages(['fonts-inter'], 'taking pictures', console.log);
await mkdir(folder, { recursive: true });
const browser = await openBrowser();
try {
  for (const picture of pictures) await take(browser, picture);
} finally {
  await browser.close();
}
