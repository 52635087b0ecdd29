import type { Page } from '@playwright/test';
import type { Host, UserList } from '../src/api';
import { makeUser, unique } from './people';
import { providerPassword, putPerson } from './provider';
import { api, expect, expectAccessible, signIn, test } from './site';

test('a wrong password is told without saying whether there is such a user, and nothing typed is lost', async ({
  page,
}) => {
  await page.goto('/login');
  await expectAccessible(page);
  await page.getByLabel('User name').fill('nobody');
  await page.getByRole('textbox', { name: 'Password' }).fill('wrong horse battery');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByLabel('User name')).toHaveValue('nobody');
});

test('signing in leads to the page that was asked for, and signing out ends it', async ({ page }) => {
  const user = await makeUser('signing');
  await page.goto('/hosts?health=unhealthy');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.getByLabel('User name').fill(user.name);
  await page.getByRole('textbox', { name: 'Password' }).fill(user.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(/\/hosts\?health=unhealthy$/);
  await page.getByRole('button', { name: `Signed in as ${user.name}` }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.goto('/hosts');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('a session that ended leads to signing in and back', async ({ page, context }) => {
  const user = await makeUser('signing');
  await signIn(page, user.name, user.password);
  await context.clearCookies();
  await page.getByRole('link', { name: 'Hosts' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

const again = (page: Page) => page.getByRole('dialog', { name: 'Sign in' });
const loadedAt = (page: Page) => page.evaluate(() => performance.timeOrigin);

/** Ends the sessions of a user while a change of the page is on its way, so that nothing else of the page finds it first. */
async function endSessionsDuring(page: Page, change: RegExp, user: string) {
  let ended = false;
  await page.route(change, async (route) => {
    if (!ended && route.request().method() !== 'GET') {
      ended = true;
      await api('DELETE', `/users/${user}/sessions`);
    }
    await route.continue();
  });
}

async function signInAgain(page: Page, password: string) {
  await again(page).getByRole('textbox', { name: 'Password' }).fill(password);
  await again(page).getByRole('button', { name: 'Sign in', exact: true }).click();
}

test('a session that ends while somebody fills in a dialog is taken up again over it, and what was typed is sent', async ({
  page,
}) => {
  const user = await makeUser('typing', { admin: true });
  const typed = `${unique('typed')}.demo.internal`;
  await signIn(page, user.name, user.password);
  await page.goto('/hosts');
  const loaded = await loadedAt(page);
  await page.getByRole('button', { name: 'Add host' }).click();
  const form = page.getByRole('dialog', { name: 'Add a host' });
  await form.getByLabel('Name (FQDN)').fill(typed);
  await form.getByLabel('Address').fill('127.0.0.1');
  await form.getByLabel('Display name').fill('typed before');
  await endSessionsDuring(page, /\/hosts$/, user.id);
  await form.getByRole('button', { name: 'Add host' }).click();
  await expect(again(page)).toContainText(`Sign in as ${user.name}, and this page goes on`);
  await expect(again(page).getByRole('textbox', { name: 'Password' })).toBeFocused();
  await expectAccessible(page);
  await signInAgain(page, 'not the password');
  await expect(again(page).getByRole('alert')).toBeVisible();
  await signInAgain(page, user.password);
  await expect(again(page)).toHaveCount(0);
  await expect(form.getByRole('alert')).toContainText('Nothing was done');
  await expect(form.getByLabel('Display name')).toHaveValue('typed before');
  await form.getByRole('button', { name: 'Add host' }).click();
  await expect(page.getByRole('heading', { name: typed })).toBeVisible();
  await expect(page.getByText('typed before')).toBeVisible();

  // The stream goes on, too.
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  const id = page.url().split('/').at(-1);
  const host = { fqdn: typed, address: '127.0.0.1', display_name: 'renamed since' };
  await api<Host>('PUT', `/hosts/${id}`, host);
  await expect(page.getByText('renamed since')).toBeVisible();
  expect(await loadedAt(page)).toBe(loaded);
  await api('DELETE', `/hosts/${id}`);
  await api('DELETE', `/users/${user.id}`);
});

test('a session that ends while somebody fills in a page is taken up again over it', async ({ page }) => {
  const user = await makeUser('typing', { admin: true });
  const host = await api<Host>('POST', '/hosts', {
    fqdn: `${unique('typing')}.demo.internal`,
    address: '127.0.0.1',
    agent_port: 9,
  });
  await signIn(page, user.name, user.password);
  await page.goto(`/deploy?host_ids=${host.id}`);
  await expect(page.getByRole('table')).toContainText(host.fqdn);
  await page.getByLabel('Notes').fill('typed before');
  // The server ends the stream of events with the session.
  await api('DELETE', `/users/${user.id}/sessions`);
  await signInAgain(page, user.password);
  await expect(again(page)).toHaveCount(0);
  await expect(page.getByLabel('Notes')).toHaveValue('typed before');
  await expect(page.getByRole('table')).toContainText(host.fqdn);
  await expect(page.getByText(/sign in/i)).toHaveCount(0);
  await api('DELETE', `/hosts/${host.id}`);
  await api('DELETE', `/users/${user.id}`);
});

test('Escape closes nothing beneath the dialog for signing in again', async ({ page }) => {
  const user = await makeUser('asked', { admin: true });
  const fqdn = `${unique('asked')}.demo.internal`;
  const host = await api<Host>('POST', '/hosts', { fqdn, address: '127.0.0.1', agent_port: 9 });
  await signIn(page, user.name, user.password);
  await page.goto(`/hosts/${host.id}`);
  await page.locator('main').getByRole('button', { name: 'Delete' }).first().click();
  const asked = page.getByRole('dialog').filter({ has: page.getByRole('button', { name: 'Delete host' }) });
  await endSessionsDuring(page, /\/hosts\/[^/]+$/, user.id);
  await asked.getByRole('button', { name: 'Delete host' }).click();
  await expect(again(page).getByRole('textbox', { name: 'Password' })).toBeFocused();
  await page.keyboard.press('Escape');
  await signInAgain(page, user.password);
  await expect(again(page)).toHaveCount(0);
  await expect(asked.getByRole('alert')).toContainText('Nothing was done');
  await page.keyboard.press('Escape');
  await expect(asked).toHaveCount(0);
  await api('DELETE', `/hosts/${host.id}`);
  await api('DELETE', `/users/${user.id}`);
});

test('a page where somebody else signs in is loaded anew, with nothing of whoever it was of', async ({ page }) => {
  const first = await makeUser('first', { admin: true });
  const second = await makeUser('second', { admin: true });
  await signIn(page, first.name, first.password);
  await page.goto('/users');
  await expect(page.getByRole('cell', { name: 'dev', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'New user' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('of the first');
  const loaded = await loadedAt(page);
  await endSessionsDuring(page, /\/users$/, first.id);
  await page.getByRole('button', { name: 'Create user' }).click();
  await again(page).getByLabel('User name').fill(second.name);
  await signInAgain(page, second.password);
  await expect(page.getByRole('button', { name: `Signed in as ${second.name}` })).toBeVisible();
  await expect(page.getByRole('cell', { name: 'dev', exact: true })).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await loadedAt(page)).not.toBe(loaded);
  for (const { id } of [first, second]) await api('DELETE', `/users/${id}`);
});

test('signing out leaves nothing on the screens of other tabs', async ({ page, context }) => {
  const user = await makeUser('leaving', { admin: true });
  await signIn(page, user.name, user.password);
  const other = await context.newPage();
  await other.goto('/users');
  await expect(other.getByRole('cell', { name: 'dev', exact: true })).toBeVisible();
  await page.getByRole('button', { name: `Signed in as ${user.name}` }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  for (const tab of [page, other]) await expect(tab.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expect(other).toHaveURL(/return_to=%2Fusers/);
  await expect(other.getByRole('cell')).toHaveCount(0);
  await api('DELETE', `/users/${user.id}`);
});

test('a page of another site is not where signing in leads to', async ({ page }) => {
  const user = await makeUser('signing');
  await page.goto('/login?return_to=//evil.example/');
  await page.getByLabel('User name').fill(user.name);
  await page.getByRole('textbox', { name: 'Password' }).fill(user.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
});

async function signOn(page: Page, name: string) {
  await page.getByRole('link', { name: 'Sign in with single sign-on' }).click();
  await identify(page, name);
}

async function identify(page: Page, name: string) {
  await page.waitForURL(`${process.env.E2E_ISSUER}/**`);
  await page.locator('input[name=username]').fill(name);
  await page.locator('input[name=password]').fill(providerPassword);
  await page.getByRole('button').click();
}

test('single sign-on leads through the identity provider to the page that was asked for', async ({ page }) => {
  test.skip(!process.env.E2E_ISSUER, 'the stack that runs already has no identity provider');
  const name = unique('grace');
  await putPerson(name, ['auditors']);
  await page.goto('/groups');
  await expectAccessible(page);
  await signOn(page, name);
  await expect(page).toHaveURL(/\/groups$/);
  await expect(page.getByRole('link', { name: 'Web servers' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Databases' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: `Signed in as ${name}` })).toBeVisible();
});

test('a session that ended is taken up again by single sign-on in another tab', async ({ page, context }) => {
  test.skip(!process.env.E2E_ISSUER, 'the stack that runs already has no identity provider');
  const name = unique('grace');
  await putPerson(name, ['auditors']);
  await page.goto('/account');
  await signOn(page, name);
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByLabel('Name').fill('typed before');
  const { items } = await api<UserList>('GET', `/users?q=${name}`);
  await endSessionsDuring(page, /\/tokens$/, `${items[0]?.id}`);
  await page.getByRole('button', { name: 'Make token' }).click();
  const opened = context.waitForEvent('page');
  await again(page).getByRole('link', { name: 'Sign in with single sign-on' }).click();
  await identify(await opened, name);
  await expect(again(page)).toHaveCount(0);
  await expect(page.getByLabel('Name')).toHaveValue('typed before');
  await page.getByRole('button', { name: 'Make token' }).click();
  await expect(page.getByLabel('The secret')).toBeVisible();
});

test('who is refused by single sign-on is told why on the page for signing in', async ({ page }) => {
  test.skip(!process.env.E2E_ISSUER, 'the stack that runs already has no identity provider');
  const name = unique('mallory');
  await putPerson(name, ['of no interest']);
  await page.goto('/login');
  await signOn(page, name);
  await expect(page.getByRole('alert')).toContainText('None of your groups');
  await expectAccessible(page);
});
