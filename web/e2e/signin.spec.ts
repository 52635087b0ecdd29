import type { Page } from '@playwright/test';
import { makeUser, unique } from './people';
import { providerPassword, putPerson } from './provider';
import { expect, expectAccessible, signIn, test } from './site';

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

test('who is refused by single sign-on is told why on the page for signing in', async ({ page }) => {
  test.skip(!process.env.E2E_ISSUER, 'the stack that runs already has no identity provider');
  const name = unique('mallory');
  await putPerson(name, ['of no interest']);
  await page.goto('/login');
  await signOn(page, name);
  await expect(page.getByRole('alert')).toContainText('None of your groups');
  await expectAccessible(page);
});
