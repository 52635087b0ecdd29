import { unique } from './people';
import { api, expect, expectAccessible, test } from './site';

const ask = (fqdn: string) =>
  api('POST', '/enroll', { machine_id: unique('m'), fqdn, ip_address: '192.0.2.7', os_details: { id: 'debian' } });

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
