/**
 * The web page with the real control plane and the sample shop's traffic behind it: opened by `weft dashboard`, and at the
 * control plane itself with a token that may read one namespace.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { shopNamespace } from '../../dev/start/shop.ts';
import { apiPort } from '../../src/base/names.ts';
import { observeGroup } from '../../src/base/observe.ts';
import { openBrowser } from '../support/dashboard/browser.ts';
import { axeViolations, goTo, openPage, type WatchedPage } from '../support/dashboard/watched-page.ts';
import { kinds, type Pod } from './apps.ts';
import { openShop, type Shop } from './shop.ts';

const cli = new URL('../../src/cli/main.ts', import.meta.url).pathname;
/** Two reports of the proxies, and a machine that is busy. */
const trafficTimeoutMs = 90_000;

let shop: Shop;
let browser: Browser;
let command: ChildProcess;
/** With the token of the local server. */
let address: string;

before(async () => {
  shop = await openShop();
  browser = await openBrowser();
  command = spawn(
    process.execPath,
    [cli, 'dashboard', '--no-browser', '--kubeconfig', shop.cluster.kubeconfigPath],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (command.stdout === null) throw new Error('the command says nothing');
  const [line] = (await once(createInterface(command.stdout), 'line')) as [string];
  address = line;
});

after(async () => {
  command?.kill();
  await browser?.close();
  await shop?.close();
});

/** Signed in by the address that the command printed. */
async function opened(): Promise<WatchedPage & { readonly url: string }> {
  const watched = await openPage(browser, { reducedMotion: 'reduce' });
  await watched.page.goto(address);
  await watched.page.locator('h1').waitFor();
  return { ...watched, url: new URL('/', address).href };
}

suite('through weft dashboard', () => {
  test('the overview tells the proxies and the traffic of the shop', async () => {
    const { page, troubles, close } = await opened();
    try {
      await page
        .getByText(/\d+ of \d+/)
        .first()
        .waitFor();
      await page
        .locator('.tile', { hasText: 'Requests/s' })
        .getByText(/^[1-9]/)
        .waitFor({ timeout: trafficTimeoutMs });
      assert.deepEqual(await axeViolations(page), []);
      assert.deepEqual(troubles, []);
    } finally {
      await close();
    }
  });

  test('the graph has the calls that the shop makes, by mutual TLS', async () => {
    const { page, troubles, url, close } = await opened();
    try {
      await goTo(page, `${url}#/graph?view=table&ns=${shopNamespace}`);
      const call = page
        .locator('tbody tr')
        .filter({ hasText: 'shop/load' })
        .filter({ hasText: 'shop/web' })
        .filter({ has: page.getByText('yes', { exact: true }) });
      await call.first().waitFor({ timeout: trafficTimeoutMs });
      await goTo(page, `${url}#/graph?ns=${shopNamespace}`);
      await page.getByText(/^\d+ nodes, \d+ edges$/).waitFor();
      assert.deepEqual(troubles, []);
    } finally {
      await close();
    }
  });

  for (const name of ['workloads', 'services', 'routes', 'policies', 'proxies', 'certificates', 'findings']) {
    test(`the page ${name} shows what the cluster has`, async () => {
      const { page, troubles, url, close } = await opened();
      try {
        await goTo(page, `${url}#/${name}`);
        await page.locator('tbody tr, .problems li, .empty').first().waitFor();
        assert.equal(await page.locator('.notice-bad').count(), 0);
        assert.deepEqual(await axeViolations(page), []);
        assert.deepEqual(troubles, []);
      } finally {
        await close();
      }
    });
  }

  test('from a workload to its pod, and what the proxy there has acknowledged', async () => {
    const { page, troubles, url, close } = await opened();
    try {
      await goTo(page, `${url}#/workloads/${shopNamespace}/Deployment/web`);
      await page.getByRole('heading', { name: 'Who calls it' }).waitFor();
      await page.getByRole('region', { name: 'Pods' }).getByRole('link', { name: /web-/ }).first().click();
      await page.getByText('acknowledged', { exact: true }).first().waitFor();
      assert.deepEqual(troubles, []);
    } finally {
      await close();
    }
  });

  test('a Service is explained by the resources that were made from it', async () => {
    const { page, url, close } = await opened();
    try {
      await goTo(page, `${url}#/explain/service/${shopNamespace}/web`);
      await page
        .getByText(/\d+ of \d+ proxies/)
        .first()
        .waitFor();
    } finally {
      await close();
    }
  });

  test('a tap shows live requests, and what is known of each', async () => {
    const { page, troubles, url, close } = await opened();
    try {
      await goTo(page, `${url}#/tap?ns=${shopNamespace}&target=deploy%2Fweb`);
      await page.getByRole('button', { name: 'Start' }).click();
      await page.locator('.tap-table tbody tr').nth(3).waitFor({ timeout: trafficTimeoutMs });
      await page.getByRole('button', { name: 'Hold' }).click();
      await page.getByLabel('Filter live requests').fill('GET');
      await page.locator('.row-button').first().click();
      await page
        .getByText(/spiffe:\/\//)
        .first()
        .waitFor();
      assert.deepEqual(troubles, []);
    } finally {
      await close();
    }
  });
});

/** An account that may read some of what the page shows, in one namespace. */
function rightsOf(name: string): object {
  const metadata = { name, namespace: shopNamespace };
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata };
  const resources = ['stat', 'graph', 'overview', 'workloads', 'services'];
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      { ...rbac, kind: 'Role', rules: [{ apiGroups: [observeGroup], resources, verbs: ['list'] }] },
      {
        ...rbac,
        kind: 'RoleBinding',
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace: shopNamespace }],
      },
    ],
  };
}

suite('at the control plane itself, with a token that may read one namespace', () => {
  let token: string;
  let url: string;

  before(async () => {
    const { cluster, api } = shop;
    const name = 'page-reader';
    await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(rightsOf(name)) });
    token = (await cluster.kubectl(['create', 'token', name, '-n', shopNamespace])).trim();
    const pods = await api.list<Pod>(kinds.pod, { namespace: 'weft-system' });
    const pod = pods.find(({ status }) => status.podIP !== undefined);
    url = `https://${pod?.status.podIP ?? ''}:${apiPort}/`;
  });

  test('it reads that namespace, is told what it may not, and leaves nothing behind when it signs out', async () => {
    const { page, close } = await openPage(browser, { ignoreHTTPSErrors: true });
    try {
      await page.goto(`${url}#/workloads?ns=${shopNamespace}`);
      await page.getByLabel('Kubernetes token').fill('not-a-token');
      await page.keyboard.press('Enter');
      await page.getByText('This token was refused').waitFor();
      await page.getByLabel('Kubernetes token').fill(token);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'shop/web', exact: false }).first().waitFor();
      await page.goto(`${url}#/proxies?ns=${shopNamespace}`);
      await page.getByText('You may not read this').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Kubernetes token').waitFor();
      assert.equal(await page.evaluate('sessionStorage.length + localStorage.length'), 0);
    } finally {
      await close();
    }
  });
});
