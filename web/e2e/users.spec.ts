import { makeUser, unique, viewerOf } from './people';
import { api, expect, expectAccessible, signIn, test, url } from './site';

test('a user is made, disabled and deleted, and a refused name is told beside the field', async ({ admin }) => {
  const name = unique('e2e-user');
  await admin.goto('/users');
  await expectAccessible(admin);
  await admin.getByRole('button', { name: 'New user' }).click();
  await admin.getByRole('textbox', { name: 'Name', exact: true }).fill('dev');
  await admin.getByRole('button', { name: 'Create user' }).click();
  await expect(admin.getByRole('dialog').getByText('another user has this name')).toBeVisible();
  await admin.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  await admin.getByRole('button', { name: 'Create user' }).click();
  await expect(admin.getByRole('cell', { name, exact: true })).toBeVisible();

  await admin.getByRole('searchbox', { name: 'Search users' }).fill(name);
  await admin.getByRole('button', { name: `Actions for ${name}` }).click();
  await admin.getByRole('menuitem', { name: 'Edit' }).click();
  await admin.getByRole('checkbox', { name: 'Disabled' }).check();
  await expectAccessible(admin);
  await admin.getByRole('button', { name: 'Save' }).click();
  await expect(admin.getByRole('cell', { name: 'Disabled', exact: true })).toBeVisible();

  let answer = () => {};
  const asked = new Promise<void>((go) => {
    answer = go;
  });
  await admin.route('**/api/v1/tokens?*', async (route) => {
    await asked;
    await route.continue();
  });
  await admin.getByRole('button', { name: `Actions for ${name}` }).click();
  await admin.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(admin.getByRole('dialog')).toContainText('Sessions and roles in groups go too, and the API tokens,');
  await expect(admin.getByRole('button', { name: 'Delete user' })).toHaveAttribute('aria-description', /looked up/);
  answer();
  await expect(admin.getByRole('dialog')).toContainText('and no API token,');
  await admin.getByRole('button', { name: 'Delete user' }).click();
  await expect(admin.getByText('No user matches.')).toBeVisible();
});

test('a dialog keeps what was typed and what is still to be answered, and gives the focus back', async ({ admin }) => {
  const name = unique('e2e-kept');
  await admin.goto('/account');
  const opener = admin.getByRole('button', { name: 'New token' });
  const dialog = admin.getByRole('dialog');
  await opener.click();
  await expect(dialog).toBeVisible();
  await admin.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(opener).toBeFocused();

  await opener.click();
  await admin.getByLabel('Name').fill(name);
  await admin.keyboard.press('Escape');
  await admin.mouse.click(5, 400);
  await expect(admin.getByLabel('Name')).toHaveValue(name);
  let answer = () => {};
  const asked = new Promise<void>((go) => {
    answer = go;
  });
  await admin.route('**/api/v1/tokens', async (route) => {
    await asked;
    await route.continue();
  });
  await admin.getByRole('button', { name: 'Make token' }).click();
  await expect(dialog.getByRole('button', { name: 'Close' })).toBeDisabled();
  await admin.keyboard.press('Escape');
  answer();
  await expect(admin.getByLabel('The secret')).toBeVisible();
  await admin.getByRole('button', { name: 'I have it, close' }).click();
  await expect(opener).toBeFocused();
  await admin.getByRole('button', { name: `Revoke ${name} of` }).click();
  await admin.getByRole('button', { name: 'Leave it' }).click();
  await expect(admin.getByRole('button', { name: `Revoke ${name} of` })).toBeFocused();
  await admin.getByRole('button', { name: `Revoke ${name} of` }).click();
  await admin.getByRole('button', { name: 'Revoke token' }).click();

  await admin.goto('/users');
  const menu = admin.getByRole('button', { name: 'Actions for dev', exact: true });
  await menu.click();
  await admin.getByRole('menuitem', { name: 'Reset password' }).click();
  await admin.getByRole('textbox', { name: 'New password' }).fill('typed');
  await admin.keyboard.press('Escape');
  await expect(admin.getByRole('textbox', { name: 'New password' })).toHaveValue('typed');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(menu).toBeFocused();
});

test('an administrator resets a password, which ends the sessions of the user', async ({ admin, browser }) => {
  const user = await makeUser('e2e-reset');
  const page = await (await browser.newContext({ baseURL: url() })).newPage();
  await signIn(page, user.name, user.password);
  await admin.goto(`/users?q=${user.name}`);
  await admin.getByRole('button', { name: `Actions for ${user.name}` }).click();
  await admin.getByRole('menuitem', { name: 'Reset password' }).click();
  const dialog = admin.getByRole('dialog', { name: `Reset the password of ${user.name}` });
  const password = dialog.getByRole('textbox', { name: 'New password' });
  await password.fill('short');
  await dialog.getByRole('button', { name: 'Set password' }).click();
  await expect(password).toHaveAttribute('data-invalid', 'true');
  await expect(password).toHaveValue('short');
  await expectAccessible(admin);
  await password.fill(`${user.password}-two`);
  await dialog.getByRole('button', { name: 'Set password' }).click();
  await expect(admin.getByText(`${user.name} has another password.`)).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await expectAccessible(admin);

  const again = page.getByRole('dialog', { name: 'Sign in' });
  for (const [typed, dialogs] of [
    [user.password, 1],
    [`${user.password}-two`, 0],
  ] as const) {
    await again.getByRole('textbox', { name: 'Password' }).fill(typed);
    await again.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(dialogs ? again.getByRole('alert') : page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    await expect(again).toHaveCount(dialogs);
  }
  await page.context().close();
  await api('DELETE', `/users/${user.id}`);
});

test('what was confirmed is not closed before its answer', async ({ admin }) => {
  const user = await makeUser('e2e-pending');
  await admin.goto(`/users?q=${user.name}`);
  let answer = () => {};
  const asked = new Promise<void>((go) => {
    answer = go;
  });
  await admin.route('**/api/v1/users/*/sessions', async (route) => {
    await asked;
    await route.continue();
  });
  await admin.getByRole('button', { name: `Actions for ${user.name}` }).click();
  await admin.getByRole('menuitem', { name: 'End sessions' }).click();
  const dialog = admin.getByRole('dialog');
  await dialog.getByRole('button', { name: 'End sessions' }).click();
  await expect(dialog.getByRole('button', { name: 'Close' })).toBeDisabled();
  await expect(dialog.getByRole('button', { name: 'Leave it' })).toBeDisabled();
  await admin.keyboard.press('Escape');
  await admin.mouse.click(5, 400);
  await expect(dialog).toBeVisible();
  answer();
  await expect(dialog).toHaveCount(0);
  await api('DELETE', `/users/${user.id}`);
});

test('a token shows its secret once, works, and is revoked', async ({ admin }) => {
  const name = unique('e2e-token');
  await admin.goto('/account');
  await expectAccessible(admin);
  await admin.getByRole('button', { name: 'New token' }).click();
  await admin.getByLabel('Name').fill(name);
  await admin.getByRole('combobox', { name: 'Expires after' }).fill('soon');
  await admin.keyboard.press('Tab'); // the suggestions lie over the button
  await admin.getByRole('button', { name: 'Make token' }).click();
  const expiry = admin.getByRole('combobox', { name: 'Expires after' });
  await expect(expiry).toHaveAttribute('aria-invalid', 'true');
  await expect(expiry).toHaveValue('soon');
  await expiry.fill('24h');
  await admin.keyboard.press('Tab');
  await admin.getByRole('button', { name: 'Make token' }).click();
  const secret = (await admin.getByLabel('The secret').textContent()) ?? '';
  await expectAccessible(admin);
  const me = await fetch(`${url()}/api/v1/me`, { headers: { Authorization: `Bearer ${secret.trim()}` } });
  expect(me.status).toBe(200);
  await admin.getByRole('button', { name: 'I have it, close' }).click();
  await admin.getByRole('button', { name: `Revoke ${name} of dev` }).click();
  await admin.getByRole('button', { name: 'Revoke token' }).click();
  await expect(admin.getByRole('cell', { name })).toHaveCount(0);
});

test('somebody changes the own password and ends another session', async ({ browser }) => {
  const user = await makeUser('e2e-own');
  const page = await (await browser.newContext({ baseURL: url() })).newPage();
  const other = await (await browser.newContext({ baseURL: url() })).newPage();
  await signIn(other, user.name, user.password);
  await signIn(page, user.name, user.password);
  await page.getByRole('button', { name: `Signed in as ${user.name}` }).click();
  await page.getByRole('menuitem', { name: 'Your account' }).click();
  await page.getByRole('button', { name: 'End', exact: true }).click();
  await expect(page.getByRole('button', { name: 'End', exact: true })).toHaveCount(0);
  await page.getByRole('textbox', { name: 'Current password' }).fill('not the password');
  await page.getByRole('textbox', { name: 'New password' }).fill(`${user.password}-two`);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByRole('textbox', { name: 'Current password' })).toHaveAccessibleDescription(/./);
  await page.getByRole('textbox', { name: 'Current password' }).fill(user.password);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Your password is changed.')).toBeVisible();
  await page.context().close();
  await other.context().close();
  await api('DELETE', `/users/${user.id}`);
});

test('a viewer sees why users, audit, enrolments and settings are not shown', async ({ browser }) => {
  const group = await api<{ id: string }>('POST', '/groups', { name: unique('e2e users') });
  const { page } = await viewerOf(browser, group.id);
  await page.goto('/users');
  await expect(page.getByText('Only administrators see the users')).toBeVisible();
  await page.getByRole('tab', { name: 'API tokens' }).click();
  await expect(page.getByRole('heading', { name: 'Your API tokens' })).toBeVisible();
  for (const path of ['/audit', '/enrolments', '/settings']) {
    await page.goto(path);
    await expect(page.getByText('Only administrators see this page')).toBeVisible();
  }
  await expectAccessible(page);
  await page.context().close();
  await api('DELETE', `/groups/${group.id}`);
});
