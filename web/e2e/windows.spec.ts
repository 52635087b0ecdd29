import { unique, viewerOf } from './people';
import { api, expect, expectAccessible, test } from './site';

test('a window is built with its next occurrences, shown in list and calendar, and deleted', async ({ admin }) => {
  const name = unique('e2e windows');
  const group = await api<{ id: string }>('POST', '/groups', { name });
  await admin.goto(`/windows?group_id=${group.id}`);
  await admin.getByRole('button', { name: 'New window' }).click();
  const dialog = admin.getByRole('dialog');
  await dialog.getByLabel('Label').fill('Last Friday');
  await dialog.getByRole('combobox', { name: 'Time zone' }).fill('Europe/Berlin');
  await admin.getByRole('option', { name: 'Europe/Berlin' }).click();
  await dialog.getByRole('combobox', { name: 'Occurs' }).click();
  await admin.getByRole('option', { name: 'Every month' }).click();
  await dialog.getByRole('combobox', { name: 'Which' }).click();
  await admin.getByRole('option', { name: 'last', exact: true }).click();
  await dialog.getByRole('combobox', { name: 'Weekday' }).click();
  await admin.getByRole('option', { name: 'Friday' }).click();
  await expect(dialog.getByRole('table', { name: 'Next occurrences' }).getByRole('row')).toHaveCount(11);
  await expect(dialog.getByRole('columnheader', { name: /Europe\/Berlin/ })).toBeVisible();
  await expectAccessible(admin);
  await dialog.getByLabel('Minutes').fill('99999');
  await dialog.getByRole('button', { name: 'Create window' }).click();
  await expect(dialog.getByLabel('Minutes')).toHaveAttribute('aria-invalid', 'true');
  await expect(dialog.getByLabel('Label')).toHaveValue('Last Friday');
  await dialog.getByLabel('Minutes').fill('120');
  await expect(dialog.getByRole('table', { name: 'Next occurrences' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Create window' }).click();
  await expect(admin.getByRole('cell', { name: 'Last Friday', exact: true })).toBeVisible();
  await expectAccessible(admin);
  await admin.getByText('Calendar', { exact: true }).click();
  await expect(admin.getByRole('button', { name: /Last Friday/ }).first()).toBeVisible();
  await expectAccessible(admin);
  await admin.getByText('List', { exact: true }).click();
  await admin.getByRole('button', { name: 'Delete Last Friday' }).click();
  await expect(admin.getByRole('dialog')).toContainText(name);
  await admin.getByRole('button', { name: 'Delete window' }).click();
  await expect(admin.getByRole('cell', { name: 'Last Friday', exact: true })).toHaveCount(0);
  await api('DELETE', `/groups/${group.id}`);
});

test('the emergency stop says what it stops before it does', async ({ admin }) => {
  await admin.goto('/windows');
  await admin.getByRole('button', { name: 'Emergency stop' }).click();
  await expect(admin.getByRole('dialog')).toContainText('no patch is started on any host');
  await expect(admin.getByRole('button', { name: 'Stop all patching' })).toBeEnabled();
  await expectAccessible(admin);
  await admin.getByRole('button', { name: 'Leave it' }).click();
});

test('the emergency stop begins by the clock of the server, and says so where it does not hold', async ({ admin }) => {
  // What is sent is stored disabled, so that it holds up no other test.
  let sent: Record<string, string> = {};
  const answers = [
    { enabled: true },
    { enabled: true, next: [{ starts_at: '2099-01-01T00:00:00Z', ends_at: '2099-01-01T01:00:00Z', note: '' }] },
  ];
  await admin.route('**/api/v1/maintenance-windows', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    sent = route.request().postDataJSON();
    const stored = await api<object>('POST', '/maintenance-windows', { ...sent, enabled: false, label: 'e2e stop' });
    await route.fulfill({ status: 201, json: { ...stored, ...answers.pop() } });
  });
  await admin.clock.setFixedTime(Date.now() + 3_600_000);
  await admin.goto('/windows');
  await admin.getByRole('button', { name: 'Emergency stop' }).click();
  await admin.getByRole('combobox', { name: 'For' }).click();
  await admin.getByRole('option', { name: '1 hour', exact: true }).click();
  await admin.getByRole('button', { name: 'Stop all patching' }).click();
  await expect(admin.getByRole('alert')).toContainText('does not hold now');
  await admin.getByRole('button', { name: 'Stop all patching' }).click();
  await expect(admin.getByRole('dialog')).toHaveCount(0);
  const begun = Date.now() - Date.parse(`${sent.starts_on}T${sent.start_time}Z`);
  expect(sent.time_zone).toBe('UTC');
  expect(begun).toBeGreaterThanOrEqual(60_000);
  expect(begun).toBeLessThan(300_000);
  const { items } = await api<{ items: { id: string; label: string }[] }>('GET', '/maintenance-windows');
  for (const w of items.filter((w) => w.label === 'e2e stop')) await api('DELETE', `/maintenance-windows/${w.id}`);
});

test('a viewer sees the windows of the group, and why they can not be changed', async ({ browser }) => {
  const group = await api<{ id: string }>('POST', '/groups', { name: unique('e2e windows seen') });
  const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const rule = { kind: 'maintenance', time_zone: 'UTC', starts_on: day, start_time: '01:00', duration_minutes: 120 };
  await api('POST', `/groups/${group.id}/maintenance-windows`, { ...rule, label: 'Seen', recurrence: 'once' });
  const { page } = await viewerOf(browser, group.id);
  await page.goto('/windows');
  await expect(page.getByRole('cell', { name: 'Seen', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Edit Seen' })).toHaveAttribute('aria-description', /role operator/);
  await expect(page.getByRole('button', { name: 'Emergency stop' })).toHaveAttribute(
    'aria-description',
    'Only administrators may do this.',
  );
  await page.context().close();
  await api('DELETE', `/groups/${group.id}`);
});

test('windows of a host are made from its page, in a zone of the API, and changed by operators of its groups alone', async ({
  admin,
  browser,
}) => {
  const seen = await api<{ id: string }>('POST', '/groups', { name: unique('e2e seen') });
  const operated = await api<{ id: string }>('POST', '/groups', { name: unique('e2e operated') });
  const fqdn = `${unique('e2e')}.demo.internal`;
  const host = await api<{ id: string }>('POST', '/hosts', { fqdn, address: '127.0.0.1', group_ids: [seen.id] });
  await admin.goto(`/hosts/${host.id}`);
  await admin.getByRole('link', { name: 'See and change them' }).click();
  await expect(admin).toHaveURL(new RegExp(`/windows\\?host_id=${host.id}$`));
  await admin.getByRole('button', { name: 'New window' }).click();
  const dialog = admin.getByRole('dialog');
  await expect(dialog.getByRole('radio', { name: 'A host' })).toBeChecked();
  await expect(dialog.getByRole('combobox', { name: 'Host' })).toHaveValue(fqdn);
  await dialog.getByLabel('Label').fill('Its own');
  const link = 'US/Eastern'; // browsers offer zones by their newest names alone
  await dialog.getByRole('combobox', { name: 'Time zone' }).fill(link);
  await admin.getByRole('option', { name: link, exact: true }).click();
  await expectAccessible(admin);
  await dialog.getByRole('button', { name: 'Create window' }).click();
  await expect(admin.getByRole('button', { name: 'Edit Its own' })).toBeEnabled();
  const { items } = await api<{ items: { time_zone: string }[] }>('GET', `/hosts/${host.id}/maintenance-windows`);
  expect(items.map((w) => w.time_zone)).toEqual([link]);

  const { page, viewer } = await viewerOf(browser, seen.id);
  await api('PUT', `/groups/${operated.id}/users/${viewer.id}`, { role: 'operator' });
  await page.goto('/windows');
  await expect(page.getByRole('button', { name: 'New window' })).not.toHaveAttribute('aria-disabled', 'true');
  await expect(page.getByRole('button', { name: 'Edit Its own' })).toHaveAttribute(
    'aria-description',
    `This takes the role operator in a group of ${fqdn}.`,
  );
  await page.context().close();
  await api('DELETE', `/hosts/${host.id}`);
  for (const group of [seen, operated]) await api('DELETE', `/groups/${group.id}`);
});
