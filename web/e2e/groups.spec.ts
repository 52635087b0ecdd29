import { makeUser, unique, viewerOf } from './people';
import { api, expect, expectAccessible, test } from './site';

test('a group is made, gets hosts and users, and its deletion names what goes with it', async ({ admin }) => {
  const name = unique('e2e group');
  const user = await makeUser('member');
  await admin.goto('/groups');
  await expectAccessible(admin);
  await admin.getByRole('button', { name: 'New group' }).first().click();
  await admin.getByLabel('Name').fill(name);
  await expectAccessible(admin);
  await admin.getByRole('button', { name: 'Create group' }).click();
  await expect(admin.getByRole('heading', { name, level: 1 })).toBeVisible();

  await admin.getByRole('button', { name: 'Add hosts' }).click();
  await admin.getByRole('combobox', { name: 'Hosts' }).fill('web-01');
  await admin.getByRole('option', { name: /^web-01\./ }).click();
  await admin.keyboard.press('Escape');
  await admin.getByRole('button', { name: 'Add 1 host' }).click();
  await expect(admin.getByRole('heading', { name: '1 host', exact: true })).toBeVisible();
  await expect(admin.getByRole('cell', { name: /^web-01\./ })).toBeVisible();

  await admin.getByRole('button', { name: 'Add a user' }).click();
  await admin.getByRole('combobox', { name: 'User' }).fill(user.name);
  await admin.getByRole('option', { name: user.name }).click();
  await admin.getByRole('button', { name: 'Give the role' }).click();
  await expect(admin.getByRole('combobox', { name: `Role of ${user.name}` })).toHaveValue('Viewer');
  await expectAccessible(admin);

  await admin.getByRole('button', { name: /^Take out web-01\./ }).click();
  await admin.getByRole('dialog').getByRole('button', { name: 'Take out' }).click();
  await expect(admin.getByRole('heading', { name: '0 hosts' })).toBeVisible();

  await admin.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(admin.getByRole('dialog')).toContainText('1 user will lose');
  await admin.getByRole('button', { name: 'Delete group' }).click();
  await expect(admin).toHaveURL(/\/groups$/);
  await expect(admin.getByRole('link', { name })).toHaveCount(0);
});

test('a name that is taken is told beside the field, and stays typed', async ({ admin }) => {
  const name = unique('e2e taken');
  const group = await api<{ id: string }>('POST', '/groups', { name });
  await admin.goto('/groups');
  await admin.getByRole('button', { name: 'New group' }).first().click();
  await admin.getByLabel('Name').fill(name);
  await admin.getByRole('button', { name: 'Create group' }).click();
  await expect(admin.getByRole('dialog').getByText('another group has this name')).toBeVisible();
  await expect(admin.getByLabel('Name')).toHaveValue(name);
  await api('DELETE', `/groups/${group.id}`);
});

test('a viewer sees the group, and why it can not be changed', async ({ browser }) => {
  const name = unique('e2e seen');
  const group = await api<{ id: string }>('POST', '/groups', { name });
  const { page } = await viewerOf(browser, group.id);
  await page.getByRole('link', { name: 'Groups' }).click();
  await page.getByRole('link', { name }).click();
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  const remove = page.getByRole('button', { name: 'Delete', exact: true });
  await expect(remove).toHaveAttribute('aria-description', 'Only administrators may do this.');
  await expect(page.getByRole('button', { name: 'Add hosts' })).toHaveAttribute('aria-disabled', 'true');
  await expectAccessible(page);
  await page.context().close();
  await api('DELETE', `/groups/${group.id}`);
});
