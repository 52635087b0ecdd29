import { makeUser } from './people';
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
