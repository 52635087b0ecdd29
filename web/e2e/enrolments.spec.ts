import { unique } from './people';
import { api, expect, expectAccessible, test } from './site';

const ask = (fqdn: string) =>
  api<{ polling_token: string }>('POST', '/enroll', {
    machine_id: unique('m'),
    fqdn,
    ip_address: '192.0.2.7',
    os_details: { id: 'debian' },
  });

test('a machine that asks appears by itself, is approved as a host, and another is denied', async ({ admin }) => {
  const [let_in, refused] = [`${unique('e2e-in')}.example.net`, `${unique('e2e-out')}.example.net`];
  await admin.goto('/enrolments');
  await expect(admin.getByRole('status').getByText('Live')).toBeVisible();
  await ask(let_in);
  await ask(refused);
  await admin.getByRole('button', { name: `Approve ${let_in}` }).click();
  await admin.getByLabel('Agent port').fill('99999');
  await admin.getByRole('button', { name: 'Approve and register' }).click();
  await expect(admin.getByLabel('Agent port')).toHaveAttribute('aria-invalid', 'true');
  await expect(admin.getByLabel('Address')).toHaveValue('192.0.2.7');
  await expectAccessible(admin);
  await admin.getByLabel('Agent port').fill('12443');
  await admin.getByRole('button', { name: 'Approve and register' }).click();
  await expect(admin.getByRole('button', { name: `Approve ${let_in}` })).toHaveCount(0);
  await admin.getByRole('button', { name: `Deny ${refused}` }).click();
  await admin.getByRole('button', { name: 'Deny', exact: true }).click();
  await expect(admin.getByRole('button', { name: `Deny ${refused}` })).toHaveCount(0);
  await expectAccessible(admin);
  const hosts = await api<{ items: { id: string }[] }>('GET', `/hosts?q=${let_in}`);
  for (const host of hosts.items) await api('DELETE', `/hosts/${host.id}`);
});

test('the certificate of a host is revoked, with its serial and the reason', async ({ admin: page }) => {
  const fqdn = `${unique('e2e-stolen')}.example.net`;
  const { polling_token } = await ask(fqdn);
  const asking = await api<{ items: { id: string; fqdn: string }[] }>('GET', '/enrolments?status=pending&limit=200');
  const enrolment = asking.items.find((e) => e.fqdn === fqdn);
  await api('POST', `/enrolments/${enrolment?.id}/approve`, {});
  await api('GET', `/enroll/status/${polling_token}`);
  const host = (await api<{ items: { id: string }[] }>('GET', `/hosts?q=${fqdn}`)).items[0];
  const { items } = await api<{ items: { serial: string }[] }>('GET', `/hosts/${host?.id}/certificates`);
  const serial = items[0]?.serial ?? 'none';
  await page.goto(`/hosts/${host?.id}`);
  await page.getByRole('button', { name: 'Revoke' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(serial);
  await dialog.getByLabel('Reason').fill('stolen from the lorry');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText(/Revoked by dev .* stolen from the lorry/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Revoke' })).toHaveAttribute('aria-disabled', 'true');
  await api('DELETE', `/hosts/${host?.id}`);
});
