import { unique } from './people';
import { api, expect, expectAccessible, test } from './site';

test('what was done is found by its filters, in the URL, and read in full', async ({ admin }) => {
  const name = unique('e2e audited');
  const group = await api<{ id: string }>('POST', '/groups', { name });
  await admin.goto('/audit');
  await expectAccessible(admin);
  await admin.getByLabel('Id of the thing').fill(group.id);
  await admin.getByRole('button', { name: 'Filter', exact: true }).click();
  await expect(admin).toHaveURL(new RegExp(`subject_id=${group.id}`));
  await expect(admin.getByRole('button', { name: 'group.create' })).toHaveCount(1);
  await expect(admin.getByRole('link', { name: 'CSV' })).toHaveAttribute('href', new RegExp(`${group.id}.*format=csv`));
  await admin.getByRole('button', { name: 'group.create' }).click();
  await expect(admin.getByLabel('Details')).toContainText(name);
  await expectAccessible(admin);
  await api('DELETE', `/groups/${group.id}`);
});

test('a filter that the API refuses is told beside it, and stays', async ({ admin }) => {
  await admin.goto(`/audit?actor=${'a'.repeat(201)}`);
  await expect(admin.getByLabel('Who')).toHaveAttribute('aria-invalid', 'true');
  await expect(admin.getByLabel('Who')).toHaveValue('a'.repeat(201));
});
