import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { counts, measure, most, print, quantile } from './measure';
import { ApiServer, databaseURL, flood, openSession, sql, stackVariable } from './servers';
import { test as base, expect, letIn } from './site';

let server: ApiServer;
let session: string;
const database = `scale_${Date.now()}`;
const url = () => databaseURL(database);

base.beforeAll(async () => {
  await sql(stackVariable('DATABASE_URL'), `create database ${database}`);
  server = await ApiServer.on(url());
  await server.command(['migrate']);
  const password = 'correct horse battery staple';
  await server.command(['user', 'create', '--name', 'ada', '--admin'], `${password}\n`);
  await sql(url(), readFileSync('e2e/fleet.sql', 'utf8'));
  await server.command(['audit', 'seal']);
  await server.start();
  session = await openSession(server.url, 'ada', password);
});
base.afterAll(async () => {
  await server?.remove();
  await sql(stackVariable('DATABASE_URL'), `drop database if exists ${database} with (force)`);
});

/** How long answers took, by operation. */
const answers = new Map<string, number[]>();

const test = base.extend<{ ada: Page }>({
  ada: async ({ page, context }, use) => {
    await letIn(context, session);
    page.on('requestfinished', (request) => {
      const path = new URL(request.url()).pathname.replace(/[0-9a-f-]{36}/g, 'ID');
      const { startTime, responseStart, requestStart } = request.timing();
      if (!path.startsWith('/api/') || path.endsWith('/events') || startTime < 0) return;
      const operation = `${request.method()} ${path}`;
      answers.set(operation, [...(answers.get(operation) ?? []), responseStart - requestStart]);
    });
    await use(page);
  },
});

test.afterAll(() => {
  for (const [operation, took] of answers)
    print(operation, { answers: took.length, 'median ms': quantile(took, 0.5), most: most(took) });
});

const table = (page: Page) => page.getByRole('region', { name: 'Hosts' });

/** Records the time between frames until it is told to end. */
async function frames(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const took: number[] = [];
    let before = performance.now();
    const frame = (now: number) => {
      took.push(now - before);
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(globalThis, { framesTook: took });
  });
  return () => page.evaluate(() => (globalThis as unknown as { framesTook: number[] }).framesTook);
}

test('10,000 hosts are scrolled by the wheel, with no more rows in the page than are in view', async ({
  ada: page,
}) => {
  await page.goto(`${server.url}/hosts`);
  await expect(page.getByText('10,000 hosts.')).toBeVisible();
  await page.getByRole('row').nth(5).hover();
  const done = await measure(page);
  const framed = await frames(page);
  for (let i = 0; i < 60; i++) await page.mouse.wheel(0, 300);
  const took = await framed();
  const { tasks } = await done();
  print('the wheel', {
    'frames, median': quantile(took, 0.5),
    'frames, 95th': quantile(took, 0.95),
    'longest task': most(tasks),
    'tasks above 50 ms': tasks.filter((t) => t > 50).length,
  });
  expect(most(tasks)).toBeLessThan(250);
  expect(quantile(took, 0.95)).toBeLessThan(500);
  expect(await table(page).getByRole('row').count()).toBeLessThan(60);
});

test('10,000 hosts are searched, sorted and filtered by the server, and all that match are deployed to', async ({
  ada: page,
}) => {
  await page.goto(`${server.url}/hosts`);
  await page.getByRole('searchbox', { name: 'Search hosts' }).fill('host-0777');
  await expect(page.getByText('10 hosts match.')).toBeVisible();
  await expect(page).toHaveURL(/q=host-0777/);
  await page.getByRole('searchbox', { name: 'Search hosts' }).fill('');
  await page.getByRole('button', { name: 'Pending' }).click();
  await page.getByRole('button', { name: 'Pending' }).click();
  await expect(page).toHaveURL(/sort=-pending_patches/);
  await expect(page.getByRole('row').nth(1)).toContainText('29');
  await page.getByRole('combobox', { name: 'Health' }).click();
  await page.getByRole('option', { name: 'Unhealthy' }).click();
  await expect(page.getByText('400 hosts match.')).toBeVisible();
  await expect(page).toHaveURL(/health=unhealthy/);

  await page.goto(`${server.url}/hosts`);
  await page.getByRole('checkbox', { name: 'Select all that match' }).check();
  await expect(page.getByText('All 10,000 hosts that match selected')).toBeVisible();
  await page.getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByRole('heading', { name: /^10.?000 hosts/ })).toBeVisible();
  await expect(page.getByText('400 hosts not healthy now')).toBeVisible();
  const patch = page.getByRole('button', { name: /^Patch 10.?000 hosts in their windows/ });
  await patch.click();
  await expect(page.getByRole('dialog')).toContainText(/9.?988 more/);
});

test('the other pages show a fleet of 10,000 hosts, a job over all of them and 100,000 audit entries without a long task', async ({
  ada: page,
}) => {
  await page.goto(`${server.url}/`);
  await expect(page.getByRole('heading', { name: /^2.?580 hosts stuck/ })).toBeVisible();
  const done = await measure(page);
  await page.getByRole('link', { name: 'Deploy', exact: true }).click();
  await expect(page.getByRole('row', { name: 'host-00000.example' })).toBeVisible();
  await page.getByRole('link', { name: 'Audit' }).click();
  await expect(page.getByRole('row').nth(20)).toBeVisible();
  for (let i = 0; i < 5; i++) await page.getByRole('region').last().press('End');
  await page.getByRole('link', { name: 'Jobs', exact: true }).click();
  await page.getByRole('link', { name: 'the whole fleet 30' }).click();
  await expect(page.getByRole('button', { name: /^All 10.?000/ })).toBeVisible();
  for (let i = 0; i < 5; i++) await page.getByRole('region', { name: 'Hosts of the job' }).press('End');
  await page.getByRole('searchbox', { name: 'Search hosts of the job' }).fill('host-09999');
  await expect(page.getByRole('link', { name: 'host-09999.example' })).toBeVisible();
  const { tasks, interactions, requests } = await done();
  print('other pages', {
    'longest task': most(tasks),
    'median of interactions': quantile(interactions, 0.5),
    requests: counts(requests),
  });
  expect(most(tasks)).toBeLessThan(500);
});

test('5,000 events a minute keep the list of 10,000 hosts responsive', async ({ ada: page }) => {
  await page.goto(`${server.url}/hosts?sort=health`);
  await expect(page.getByText('10,000 hosts.')).toBeVisible();
  const done = await measure(page);
  let flooding = true;
  const flooded = flood(url(), { label: 'scale', rate: 90, seconds: 12 }).finally(() => {
    flooding = false;
  });
  const search = page.getByRole('searchbox', { name: 'Search hosts' });
  for (let i = 0; flooding; i++) {
    await search.pressSequentially(`host-0${i % 10}00`);
    await expect(page.getByText('10 hosts match.')).toBeVisible();
    await search.press('Control+a');
    await search.press('Delete');
    await expect(page.getByText('10,000 hosts.')).toBeVisible();
  }
  const { events, seconds } = await flooded;
  const { tasks, interactions, requests } = await done();
  print(`${events} events in ${seconds} s`, {
    'longest task': most(tasks),
    'median of interactions': quantile(interactions, 0.5),
    'most of interactions': most(interactions),
    requests: counts(requests),
  });
  expect(most(tasks)).toBeLessThan(250);
  expect(quantile(interactions, 0.5)).toBeLessThan(200);
});
