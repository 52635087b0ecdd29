import type { Host } from '../src/api';
import { unique } from './people';
import { api, expect, expectAccessible, letIn, test } from './site';

test('a path that is none has a page that says so', async ({ admin: page }) => {
  await page.goto('/nothing');
  await expect(page.getByRole('main').getByRole('heading', { level: 1, name: 'Not found' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'To the dashboard' }).click();
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
});

test('a page whose code fails says that it did, and can be loaded anew', async ({ context }) => {
  await letIn(context);
  const page = await context.newPage(); // the browser complains of what fails here
  await page.route('**/api/v1/groups?*', (route) => route.fulfill({ json: {} }));
  await page.goto('/groups');
  const main = page.getByRole('main');
  await expect(main.getByRole('heading', { level: 1, name: 'This page failed' })).toBeVisible();
  await expect(main.getByRole('alert')).toContainText('undefined');
  await expect(page.getByText('can not be reached')).toHaveCount(0);
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Reload the page' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Groups' })).toBeVisible();
});

test('a search that was being typed does not lead back to the page that was left', async ({ admin: page }) => {
  await page.goto('/groups');
  const box = page.getByRole('searchbox', { name: 'Search groups' });
  await expect(box).toBeVisible();
  let load = () => {};
  const held = new Promise<void>((done) => {
    load = done;
  });
  await page.route(/AuditPage/, async (route) => {
    await held;
    await route.continue();
  });
  // The next page is not there yet when the search would begin.
  const asked = page.waitForRequest(/AuditPage/);
  await box.fill('left');
  await page.getByRole('link', { name: 'Audit' }).evaluate((link: HTMLElement) => {
    link.click();
    return new Promise((later) => setTimeout(later, 400));
  });
  await asked;
  load();
  await expect(page.getByRole('heading', { level: 1, name: 'Audit' })).toBeVisible();
  await expect(page).toHaveURL('/audit');
});

test('the palette leads to a host by its name and Enter, also before the host is found', async ({ admin: page }) => {
  const fqdn = `${unique('palette')}.demo.internal`;
  const host = await api<Host>('POST', '/hosts', { fqdn, address: '127.0.0.1', agent_port: 9 });
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Go to' });
  await expectAccessible(page);
  await palette.getByRole('textbox', { name: 'Go to' }).fill(fqdn);
  await expect(palette.getByRole('button', { name: fqdn })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: fqdn })).toBeVisible();
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await palette.getByRole('textbox', { name: 'Go to' }).fill(fqdn);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: fqdn })).toBeVisible();
  await expect(palette).toHaveCount(0);
  await api('DELETE', `/hosts/${host.id}`);
});

test('on a computer whose clock is an hour ahead a caution says so', async ({ context }) => {
  await letIn(context);
  const page = await context.newPage();
  await page.clock.install({ time: Date.now() + 3_600_000 });
  await page.goto('/users');
  await expect(page.getByRole('note', { name: "This computer's clock is 1 h ahead of the server" })).toBeVisible();
  await page.setViewportSize({ width: 380, height: 800 });
  await expectAccessible(page);
});

test('what applies to a host is asked for from the time of the server on', async ({ context }) => {
  const { items } = await api<{ items: { id: string }[] }>('GET', '/hosts?limit=1');
  await letIn(context);
  const page = await context.newPage();
  await page.clock.install({ time: Date.now() + 3_600_000 });
  const asked = page.waitForRequest(/\/calendar\?.*host_id=/);
  await page.goto(`/hosts/${items[0]?.id}`);
  const from = new URL((await asked).url()).searchParams.get('from') ?? '';
  expect(Math.abs(Date.parse(from) - Date.now())).toBeLessThan(600_000);
});

test('menus and popovers shut nobody out while they are open', async ({ admin: page }) => {
  await page.getByRole('button', { name: /Signed in as/ }).click();
  await expect(page.getByRole('menuitem', { name: 'Your account' })).toBeVisible();
  await expectAccessible(page);
  await page.goto('/users');
  const row = page.getByRole('row').filter({ hasText: 'dev' }).first();
  await row.getByRole('button', { expanded: false }).click();
  await expect(page.getByRole('menuitem').first()).toBeVisible();
  await expectAccessible(page);
  await page.goto('/hosts');
  await page.getByRole('button', { name: 'More filters' }).click();
  await expect(page.getByLabel('Zone', { exact: true })).toBeVisible();
  await expectAccessible(page);
});

test('the choice of the time zone shuts nobody out while its list is open', async ({ admin: page }) => {
  await page.getByRole('button', { name: /^Time zone/ }).click();
  await page.getByRole('combobox', { name: 'Show all times in' }).click();
  await expect(page.getByRole('option').first()).toBeVisible();
  await expectAccessible(page);
});
