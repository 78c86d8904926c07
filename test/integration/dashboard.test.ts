/** The web page in Chromium, with generated data behind it: every page, both themes, keyboard, narrow windows, refusals. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/dashboard/browser.ts';
import { meshGraph } from '../support/dashboard/graph-data.ts';
import { hostileName } from '../support/dashboard/lists-data.ts';
import { type DashboardServer, startDashboardServer, tapNotice } from '../support/dashboard/server.ts';
import { axeViolations, goTo, openPage, type WatchedPage } from '../support/dashboard/watched-page.ts';

/** Every page, and the details that have one of their own. */
const addresses = [
  '#/',
  '#/graph',
  '#/graph?focus=workload%3Ashop%2FDeployment%2Fcheckout',
  '#/graph?view=table',
  '#/graph?nodes=namespace',
  '#/workloads',
  '#/workloads/shop/Deployment/catalog',
  '#/services',
  '#/services/shop/catalog',
  '#/routes',
  '#/routes/shop/HTTPRoute/catalog',
  `#/routes/shop/GRPCRoute/${encodeURIComponent(hostileName)}`,
  '#/policies',
  '#/proxies',
  '#/proxies/shop/web-6f7c9d5b4-ax13',
  '#/certificates',
  '#/tap?ns=shop&target=deploy%2Fweb',
  '#/findings',
  '#/explain/httproute/shop/catalog',
  '#/errors/WEFT-GW-01',
  '#/nowhere',
];

let server: DashboardServer;
let browser: Browser;

before(async () => {
  server = await startDashboardServer();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

async function withPage(
  options: Parameters<typeof openPage>[1],
  body: (watched: WatchedPage) => Promise<void>,
): Promise<void> {
  const watched = await openPage(browser, options);
  try {
    await body(watched);
  } finally {
    await watched.close();
    server.behaviour.failures = {};
    server.behaviour.gaps = [];
    delete server.behaviour.token;
  }
}

for (const colorScheme of ['light', 'dark'] as const) {
  describe(`in ${colorScheme} every page can be used by everybody, and runs nothing but itself`, () => {
    for (const address of addresses) {
      test(`${address} (${colorScheme})`, () =>
        withPage({ colorScheme, reducedMotion: 'reduce' }, async ({ page, troubles }) => {
          await goTo(page, `${server.url}${address}`);
          assert.deepEqual(await axeViolations(page), []);
          assert.equal(await page.locator('main img').count(), 0, 'a name became markup');
          assert.deepEqual(troubles, []);
        }));
    }
  });
}

describe('on a telephone', () => {
  for (const address of addresses) {
    test(`${address} fits into 360 pixels`, () =>
      withPage({ viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' }, async ({ page }) => {
        await goTo(page, `${server.url}${address}`);
        const width: number = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok(width <= 360, `the page is ${width} pixels wide`);
      }));
  }

  test('the navigation opens on demand and closes after it was used', () =>
    withPage({ isLate: true, viewport: { width: 360, height: 740 } }, async ({ page }) => {
      await goTo(page, `${server.url}#/`);
      const link = page.getByRole('link', { name: 'Workloads' });
      assert.equal(await link.isVisible(), false);
      await page.getByRole('button', { name: 'Menu' }).click();
      await link.click();
      await page.getByRole('heading', { level: 1, name: 'Workloads' }).waitFor();
      assert.equal(await link.isVisible(), false);
    }));
});

describe('with the keyboard alone', () => {
  test('the first key leads to the content, links lead to pages, and heads sort', () =>
    withPage({ isLate: true }, async ({ page }) => {
      await goTo(page, `${server.url}#/`);
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the page');
      await page.getByRole('link', { name: 'Workloads' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Workloads' }).waitFor();
      assert.equal(await page.evaluate('document.activeElement.id'), 'main');
      await page.getByRole('button', { name: 'Requests/s' }).focus();
      await page.keyboard.press('Enter');
      await page.waitForURL(/sort=-rate/);
      const rates = await page.locator('tbody tr td:nth-child(5)').allTextContents();
      const numbers = rates.map(Number);
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => b - a),
      );
    }));

  test('arrows walk through the graph, Enter looks closer, Escape goes back', () =>
    withPage({ isLate: true, reducedMotion: 'reduce' }, async ({ page }) => {
      await goTo(page, `${server.url}#/graph`);
      await page.getByRole('application').focus();
      await page.keyboard.press('ArrowRight');
      const details = page.getByRole('region', { name: 'Chosen node' });
      const first = await details.getByRole('heading', { level: 2 }).textContent();
      await page.keyboard.press('ArrowRight');
      await details
        .getByRole('heading', { level: 2 })
        .filter({ hasNotText: first ?? '' })
        .waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(/focus=/);
      await page.keyboard.press('Escape');
      await details.waitFor({ state: 'detached' });
      await page.waitForURL((url) => !url.hash.includes('focus='));
      await page.keyboard.press('/');
      assert.equal(await page.evaluate('document.activeElement.id'), 'graph-search');
    }));
});

describe('in a large graph', () => {
  test('a wheel moves the picture at once, and it is drawn anew when the wheel rests', () =>
    withPage({ reducedMotion: 'reduce' }, async ({ page, troubles }) => {
      const shop = server.behaviour.graph;
      server.behaviour.graph = (nowMs) => meshGraph({ nodes: 200, edges: 2000, namespaces: 10 }, nowMs);
      try {
        await goTo(page, `${server.url}#/graph`);
        await page.getByText('200 nodes, 2,000 edges').waitFor();
        // A wheel that turns until the first picture is drawn and can be moved.
        const moved: string = await page.evaluate(`new Promise((done) => {
          const target = document.querySelector('.graph-canvas');
          const turn = () => {
            target.dispatchEvent(new WheelEvent('wheel', { deltaY: -20, clientX: 600, clientY: 500, cancelable: true }));
            const { transform } = target.querySelector('canvas').style;
            if (transform === '') requestAnimationFrame(turn);
            else done(transform);
          };
          turn();
        })`);
        assert.match(moved, /scale\(1\.\d+\)/);
        await page.locator('.graph-canvas canvas[style*="scale"]').first().waitFor({ state: 'detached' });
        assert.deepEqual(troubles, []);
      } finally {
        server.behaviour.graph = shop;
      }
    }));

  test('a node keeps its place while traffic changes', () =>
    withPage({ isLate: true, reducedMotion: 'reduce' }, async ({ page }) => {
      await goTo(page, `${server.url}#/graph`);
      await page.getByRole('application').focus();
      await page.keyboard.press('ArrowRight');
      const name = page.locator('.graph-details h2');
      const walk = async (): Promise<readonly (string | null)[]> => {
        const names: (string | null)[] = [];
        for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowLeft']) {
          await page.keyboard.press(key);
          names.push(await name.textContent());
        }
        return names;
      };
      const before = await walk();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Refresh now' }).click();
      await page.getByRole('application').focus();
      await page.keyboard.press('ArrowRight');
      assert.deepEqual(await walk(), before);
    }));
});

describe('an address is the whole state of a page', () => {
  test('a reload shows the same page with the same choices', () =>
    withPage({}, async ({ page }) => {
      await goTo(page, `${server.url}#/graph?show=failing&view=table&window=15m&ns=billing`);
      await page.reload();
      await page.getByRole('table', { name: 'Edges of the graph' }).waitFor();
      assert.equal(await page.getByRole('combobox', { name: 'Show', exact: true }).inputValue(), 'failing');
      assert.equal(await page.getByRole('combobox', { name: 'Window' }).inputValue(), '15m');
      assert.equal(await page.getByRole('combobox', { name: 'Namespace' }).inputValue(), 'billing');
      assert.ok(
        server.requests.some((url) => url.includes('/namespaces/billing/graph?window=900s')),
        'the graph was not asked for as chosen',
      );
    }));

  test('the page works below /ui as well', () =>
    withPage({}, async ({ page, troubles }) => {
      await goTo(page, `${server.url}ui/#/workloads`);
      await page.getByRole('link', { name: 'billing/ledger' }).waitFor();
      assert.deepEqual(troubles, []);
    }));

  test('the theme that was chosen stays', () =>
    withPage({ colorScheme: 'light' }, async ({ page }) => {
      await goTo(page, `${server.url}#/`);
      await page.getByLabel('Theme').selectOption('dark');
      await page.reload();
      await page.locator('h1').waitFor();
      assert.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark');
    }));
});

describe('signing in', () => {
  test('a wrong token is told, a right one opens the page, and none is ever in an address or kept beyond the tab', () =>
    withPage({}, async ({ page }) => {
      server.behaviour.token = 'right-token';
      const before = server.requests.length;
      await page.goto(`${server.url}#/workloads`);
      await page.getByLabel('Kubernetes token').fill('wrong-token');
      assert.deepEqual(await axeViolations(page), []);
      await page.keyboard.press('Enter');
      await page.getByText('This token was refused').waitFor();
      await page.getByLabel('Kubernetes token').fill('right-token');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('link', { name: 'billing/ledger' }).waitFor();
      await page.reload();
      await page.getByRole('link', { name: 'billing/ledger' }).waitFor();
      assert.doesNotMatch(page.url(), /token/);
      assert.deepEqual(
        server.requests.slice(before).filter((url) => url.includes('-token')),
        [],
      );
      assert.equal(await page.evaluate('localStorage.length + document.cookie.length'), 0);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Kubernetes token').waitFor();
      assert.equal(await page.evaluate('sessionStorage.length'), 0);
    }));
});

describe('what cannot be shown is told', () => {
  test('a refusal names who may not what, and says how to go on', () =>
    withPage({}, async ({ page }) => {
      server.behaviour.failures = { workloads: [403, 'user "eve" cannot list workloads.observe.weft.dev'] };
      await goTo(page, `${server.url}#/workloads`);
      await page.getByText('user "eve" cannot list workloads').waitFor();
      await page.getByText('Choose a namespace').waitFor();
    }));

  test('gaps stand above the data that has them', () =>
    withPage({}, async ({ page }) => {
      server.behaviour.gaps = ['weft-control-7d-b did not answer within 2 s'];
      await goTo(page, `${server.url}#/graph?view=table`);
      await page.getByText('weft-control-7d-b did not answer').waitFor();
      assert.ok((await page.locator('tbody tr').count()) > 5);
    }));

  test('when the control plane goes away, what was known stays, and is told to be old', () =>
    withPage({}, async ({ page }) => {
      await goTo(page, `${server.url}#/workloads`);
      await page.getByRole('link', { name: 'billing/ledger' }).waitFor();
      server.behaviour.failures = { workloads: [503, 'no endpoints available'] };
      await page.getByRole('button', { name: 'Refresh now' }).click();
      await page.getByText('what was known before').waitFor();
      assert.equal(await page.getByRole('link', { name: 'billing/ledger' }).isVisible(), true);
      server.behaviour.failures = {};
      await page.getByRole('button', { name: 'Refresh now' }).click();
      await page.getByText('what was known before').waitFor({ state: 'detached' });
    }));

  test('paused, nothing is asked until one asks for it', () =>
    withPage({ isLate: true }, async ({ page }) => {
      await page.clock.install();
      await goTo(page, `${server.url}#/policies`);
      await page.getByRole('button', { name: 'Live' }).click();
      const asked = (): number => server.requests.filter((url) => url.includes('/policies')).length;
      const answered = (): Promise<unknown> => page.waitForResponse(/\/policies/);
      const before = asked();
      await page.clock.runFor(30_000);
      assert.equal(asked(), before);
      const refreshed = answered();
      await page.getByRole('button', { name: 'Refresh now' }).click();
      await refreshed;
      assert.equal(asked(), before + 1);
      const again = answered();
      await page.getByRole('button', { name: 'Paused' }).click();
      await page.clock.runFor(6_000);
      await again;
      assert.ok(asked() > before + 1);
    }));
});

describe('tap', () => {
  test('requests stream in, are held, filtered and looked into', () =>
    withPage({}, async ({ page, troubles }) => {
      await goTo(page, `${server.url}#/tap?ns=shop&target=deploy%2Fweb`);
      await page.getByRole('button', { name: 'Start' }).click();
      await page.locator('.tap-table tbody tr').nth(12).waitFor();
      await page.getByText(tapNotice).waitFor();
      await page.getByRole('button', { name: 'Hold' }).click();
      const first = await page.locator('.tap-table tbody tr').first().textContent();
      await page.getByText('passed while held').waitFor();
      assert.equal(await page.locator('.tap-table tbody tr').first().textContent(), first);
      await page.getByLabel('Filter live requests').fill('503');
      const statuses = await page.locator('.tap-table tbody td:nth-child(3)').allTextContents();
      assert.ok(statuses.length > 0 && statuses.every((status) => status === '503'));
      await page.locator('.row-button').first().click();
      const drawer = page.getByRole('complementary', { name: /\// });
      await drawer.getByText('UF: the upstream refused the connection').waitFor();
      await drawer.getByText(hostileName).first().waitFor();
      assert.deepEqual(await axeViolations(page), []);
      await page.keyboard.press('Escape');
      await drawer.waitFor({ state: 'detached' });
      assert.deepEqual(troubles, []);
    }));

  test('a refusal of the stream is told', () =>
    withPage({}, async ({ page }) => {
      server.behaviour.failures = { taps: [403, 'user "eve" cannot watch taps.observe.weft.dev'] };
      await goTo(page, `${server.url}#/tap?ns=shop&target=deploy%2Fweb`);
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByText('cannot watch taps').waitFor();
    }));
});

test('who asked for less motion sees no dots on the edges, everybody else does', async () => {
  const inked = `(() => {
    const canvas = document.querySelectorAll('.graph-canvas canvas')[1];
    return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
  })()`;
  await withPage({ reducedMotion: 'no-preference' }, async ({ page }) => {
    await goTo(page, `${server.url}#/graph`);
    while ((await page.evaluate(inked)) !== true) await page.evaluate('new Promise(requestAnimationFrame)');
  });
  await withPage({ reducedMotion: 'reduce' }, async ({ page }) => {
    await goTo(page, `${server.url}#/graph`);
    await page.getByText('18 nodes').waitFor();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    assert.equal(await page.evaluate(inked), false);
  });
});
