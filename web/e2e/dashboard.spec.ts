import { unique, viewerOf } from './people';
import { api, expect, expectAccessible, test } from './site';

test('the dashboard begins with what is stuck, and its figures lead to the hosts they count', async ({ admin }) => {
  await admin.goto('/');
  await expect(admin.getByRole('heading', { level: 2 }).first()).toContainText(/stuck/i);
  await expect(admin.getByRole('link', { name: /pending patch/ })).toBeVisible();
  await expectAccessible(admin);
  await admin.getByRole('link', { name: /pending patch/ }).click();
  await expect(admin).toHaveURL(/has_pending_patches=true/);
});

test('the settings are shown with where they come from, to administrators alone', async ({ admin, browser }) => {
  await admin.goto('/settings');
  await expect(admin.getByRole('table', { name: 'gate' })).toContainText('gate.retry_interval');
  await expectAccessible(admin);
  const group = await api<{ id: string }>('POST', '/groups', { name: unique('e2e settings') });
  const { page } = await viewerOf(browser, group.id);
  await page.goto('/settings');
  await expect(page.getByText('Only administrators see this page')).toBeVisible();
  await page.context().close();
  await api('DELETE', `/groups/${group.id}`);
});

test('a blackout of the whole site that lasts is said above everything', async ({ admin }) => {
  // A real one would hold the other tests of this fleet.
  const span = { starts_at: new Date(Date.now() - 60_000), ends_at: new Date(Date.now() + 3_600_000), note: '' };
  const stop = { id: 'stop', kind: 'blackout', label: 'Emergency stop', enabled: true, next: [span] };
  await admin.route('**/api/v1/maintenance-windows?*', (route) =>
    route.fulfill({ json: { items: [stop], next_cursor: null } }),
  );
  await admin.reload();
  await expect(admin.getByRole('note', { name: 'No patch starts on any host: Emergency stop' })).toContainText(
    '59 min',
  );
  await expectAccessible(admin);
});
