import type { Browser, Page } from '@playwright/test';
import type { Group, Host } from '../src/api';
import { counts, measure, most, print, quantile } from './measure';
import { unique } from './people';
import { ApiServer, flood, stackVariable } from './servers';
import { api, expect, letIn, test } from './site';

let server: ApiServer;
test.beforeAll(async () => {
  server = await ApiServer.on();
  await server.start();
});
test.afterAll(() => server.remove());

// Nobody answers there, and no test of this file asks.
const machine = { address: '127.0.0.1', agent_port: 9 };
const newHost = (label: string, more: object = {}) =>
  api<Host>('POST', '/hosts', {
    fqdn: `${unique('live')}.demo.internal`,
    ...machine,
    labels: { [label]: '' },
    ...more,
  });

/** A page of the server that the test ends and starts again. What the browser says of that is no complaint. */
async function openPage(browser: Browser, path: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.url });
  await letIn(context);
  const page = await context.newPage();
  await page.goto(path);
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  return page;
}

const loadedAt = (page: Page) => page.evaluate(() => performance.timeOrigin);
const dialog = (page: Page) => page.getByRole('dialog');

for (const signal of ['SIGKILL', 'SIGTERM'] as const)
  test(`after ${signal} to the API pages say that the connection is lost, and show all that changed once it is back, without a load`, async ({
    browser,
  }) => {
    const label = unique('restart');
    const [kept, doomed] = [await newHost(label), await newHost(label)];
    const typed = `${unique('typed')}.demo.internal`;
    const list = await openPage(browser, `/hosts?label=${label}`);
    const detail = await openPage(browser, `/hosts/${kept.id}`);
    const loads = [await loadedAt(list), await loadedAt(detail)];
    await expect(list.getByText('2 hosts match.')).toBeVisible();
    await list.getByRole('button', { name: 'Add host' }).click();
    await dialog(list).getByLabel('Name (FQDN)').fill(typed);
    await detail.getByRole('button', { name: 'Edit' }).first().click();
    await dialog(detail).getByLabel('Display name').fill('typed before');

    await server.end(signal);
    for (const page of [list, detail]) await expect(page.getByText('Connection lost')).toBeVisible();
    await dialog(list).getByRole('button', { name: 'Add host' }).click();
    await expect(dialog(list).getByRole('alert')).toContainText('can not be reached');

    const { fqdn, labels } = kept;
    await api('PUT', `/hosts/${kept.id}`, { fqdn, labels, ...machine, display_name: 'renamed meanwhile' });
    await api('POST', `/hosts/${kept.id}/health-checks`, {
      name: 'made meanwhile',
      check_type: 'service',
      service_name: 'ssh.service',
    });
    await api('DELETE', `/hosts/${doomed.id}`);
    const [third, fourth] = [await newHost(label), await newHost(label)];
    await expect(list.getByText('2 hosts match.')).toBeVisible();

    await server.start();
    for (const page of [list, detail]) await expect(page.getByText('Live', { exact: true })).toBeVisible();
    await expect(list.getByText('3 hosts match.')).toBeVisible();
    for (const host of [kept, third, fourth]) await expect(list.getByRole('link', { name: host.fqdn })).toBeVisible();
    await expect(list.getByRole('link', { name: doomed.fqdn })).toHaveCount(0);
    await expect(list.getByText('renamed meanwhile')).toBeVisible();
    await expect(detail.getByText('renamed meanwhile')).toBeVisible();
    await expect(detail.getByRole('listitem', { name: 'made meanwhile' })).toBeVisible();
    expect([await loadedAt(list), await loadedAt(detail)]).toEqual(loads);

    await expect(dialog(detail).getByLabel('Display name')).toHaveValue('typed before');
    await expect(dialog(list).getByLabel('Name (FQDN)')).toHaveValue(typed);
    await dialog(list).getByRole('button', { name: 'Add host' }).click();
    await expect(list.getByRole('heading', { name: typed })).toBeVisible();
    expect(await loadedAt(list)).toBe(loads[0]);
    const made = list.url().split('/').at(-1);
    for (const id of [kept.id, third.id, fourth.id, made]) await api('DELETE', `/hosts/${id}`);
    for (const page of [list, detail]) await page.context().close();
  });

test('what is asked for while the API is away is shown once it is back, without a load', async ({ browser }) => {
  const host = await newHost(unique('away'));
  const [code, data] = [await openPage(browser, '/'), await openPage(browser, '/hosts')];
  const loads = [await loadedAt(code), await loadedAt(data)];
  await server.end('SIGKILL');
  await expect(code.getByText('Connection lost')).toBeVisible();
  await code.getByRole('link', { name: 'Audit' }).click();
  await data.getByRole('searchbox', { name: 'Search hosts' }).fill(host.fqdn);
  for (const page of [code, data]) await expect(page.getByText(/can not be reached/)).toBeVisible();
  await server.start();
  await expect(code.getByRole('heading', { name: 'Audit' })).toBeVisible();
  await expect(data.getByText('1 host matches.')).toBeVisible();
  for (const page of [code, data]) await expect(page.getByText(/can not be reached/)).toHaveCount(0);
  expect([await loadedAt(code), await loadedAt(data)]).toEqual(loads);
  await api('DELETE', `/hosts/${host.id}`);
  for (const page of [code, data]) await page.context().close();
});

test('what changes after a page was read and before its stream began is shown', async ({ admin: page }) => {
  const group = await api<Group>('POST', '/groups', { name: unique('live') });
  let begin = () => {};
  const held = new Promise<void>((done) => {
    begin = done;
  });
  await page.route('**/api/v1/events', async (route) => {
    await held;
    await route.continue();
  });
  // Nothing else happens to windows, so that no later event has the list read anew.
  const read = page.waitForResponse(/\/calendar\?/);
  await page.goto(`/windows?group_id=${group.id}`);
  await (await read).finished();
  const label = unique('between');
  await api('POST', `/groups/${group.id}/maintenance-windows`, {
    kind: 'maintenance',
    label,
    time_zone: 'UTC',
    starts_on: '2026-01-01',
    start_time: '03:00',
    duration_minutes: 60,
    recurrence: 'daily',
  });
  begin();
  await expect(page.getByRole('cell', { name: label, exact: true })).toBeVisible();
  await api('DELETE', `/groups/${group.id}`);
});

test('a change is on the screen within a second of its answer', async ({ admin: page }) => {
  const label = unique('soon');
  const { id, fqdn, labels } = await newHost(label);
  await page.goto(`/hosts?label=${label}`);
  await expect(page.getByText('1 host matches.')).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  const took: number[] = [];
  for (let i = 0; i < 11; i++) {
    const text = unique('changed');
    const seen = shownAt(page, text);
    await api('PUT', `/hosts/${id}`, { fqdn, labels, ...machine, display_name: text });
    const answered = Date.now();
    took.push(Math.max(0, (await seen) - answered));
  }
  print('from the answer to the screen, ms', { median: quantile(took, 0.5), most: most(took), all: took });
  expect(quantile(took, 0.5)).toBeLessThan(1000);
  await api('DELETE', `/hosts/${id}`);
});

/** When a text comes to be in the page. */
const shownAt = (page: Page, text: string) =>
  page.evaluate(
    (wanted) =>
      new Promise<number>((done) => {
        const look = () => {
          if (!document.body.textContent?.includes(wanted)) return;
          observer.disconnect();
          done(Date.now());
        };
        const observer = new MutationObserver(look);
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
        look();
      }),
    text,
  );

test('5,000 events a minute keep the page responsive and cost no request each', async ({ admin: page }) => {
  const label = unique('flood');
  const hosts = await Promise.all(Array.from({ length: 30 }, () => newHost(label)));
  for (const { id } of hosts)
    await api('POST', `/hosts/${id}/health-checks`, {
      name: 'sshd',
      check_type: 'service',
      service_name: 'ssh.service',
    });
  await page.goto(`/hosts?label=${label}&sort=health`);
  await expect(page.getByText('30 hosts match.')).toBeVisible();
  const done = await measure(page);
  let flooding = true;
  const flooded = flood(stackVariable('DATABASE_URL'), { label, rate: 90, seconds: 20 }).finally(() => {
    flooding = false;
  });
  const search = page.getByRole('searchbox', { name: 'Search hosts' });
  const results: number[] = [];
  for (let i = 0; flooding; i = (i + 1) % hosts.length) {
    await search.pressSequentially(hosts[i]?.fqdn.split('.')[0] ?? '');
    const typed = Date.now();
    await expect(page.getByText('1 host matches.')).toBeVisible();
    results.push(Date.now() - typed);
    await search.press('Control+a');
    await search.press('Delete');
    await expect(page.getByText('30 hosts match.')).toBeVisible();
  }
  const { events, seconds } = await flooded;
  const { tasks, interactions, requests } = await done();
  print(`${events} events in ${seconds} s`, {
    'longest task': most(tasks),
    'tasks above 50 ms': tasks.filter((t) => t > 50).length,
    'median of interactions': quantile(interactions, 0.5),
    'most of interactions': most(interactions),
    'median until the result of a search': quantile(results, 0.5),
    requests: counts(requests),
  });
  expect(events / seconds).toBeGreaterThan(5000 / 60);
  expect(most(tasks)).toBeLessThan(250);
  expect(quantile(interactions, 0.5)).toBeLessThan(200);
  expect(quantile(results, 0.5)).toBeLessThan(1500);
  // One batch after the other, with 300 ms between them, and what the searches take.
  expect(requests.length).toBeLessThan(seconds / 0.3 + 3 * results.length);
  await Promise.all(hosts.map(({ id }) => api('DELETE', `/hosts/${id}`)));
});
