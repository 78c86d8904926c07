/** A page of the browser that notes whatever should not happen in it: errors, dialogs, refused content. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export interface WatchedPage {
  readonly page: Page;
  /** In the page's own words; empty when all is well. */
  readonly troubles: readonly string[];
  /** Forgets what was noted, for tests that cause trouble on purpose. */
  forget(): void;
  close(): Promise<void>;
}

export interface PageOptions extends BrowserContextOptions {
  /** Frames, timers and answers come late in this page, as on a machine that has other things to do. */
  readonly isLate?: boolean;
}

/** What a page may only do in a frame, it does a tenth of a second after everybody could see and touch it. */
const lateness = `{
  const later = setTimeout.bind(window);
  const frame = requestAnimationFrame.bind(window);
  const ask = fetch.bind(window);
  window.requestAnimationFrame = (draw) => frame((atMs) => later(draw, 120, atMs));
  window.setTimeout = (what, delayMs = 0, ...given) => later(what, delayMs + 60, ...given);
  window.fetch = async (...asked) => {
    const answer = await ask(...asked);
    await new Promise((done) => later(done, 120));
    return answer;
  };
}`;

export async function openPage(
  browser: Browser,
  { isLate = false, ...options }: PageOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  if (isLate) await page.addInitScript(lateness);
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      troubles.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`thrown: ${error.message}`));
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`,
  );
  return {
    page,
    troubles,
    forget: () => {
      troubles.length = 0;
    },
    close: () => context.close(),
  };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeViolation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** What axe finds, one line per element; empty when all is well. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  const violations: readonly AxeViolation[] = await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
  );
}

/** Goes to an address within the page and waits until its data is there. */
export async function goTo(page: Page, url: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(url);
  await page.locator('h1').waitFor();
  // Not by a function that polls: the page's policy forbids evaluating it, as it should.
  const skeletons = page.locator('.skeleton');
  while ((await skeletons.count()) > 0) await skeletons.first().waitFor({ state: 'detached' });
}
