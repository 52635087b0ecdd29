import type { Page } from '@playwright/test';
import type { Group, HealthCheck, Host, HostList, User } from '../src/api';
import { api, control, expect, expectAccessible, signIn, test } from './site';

/** Names that no other test, and no run before, has used. */
const unique = (name: string) => `${name}-${Date.now().toString(36)}${Math.floor(Math.random() * 1e4)}`;

interface Simulated {
  fqdn: string;
  address: string;
  agent_port: number;
  web_url: string;
}

/** A machine of the fleet, to register once more under another name. */
async function machine(): Promise<Simulated> {
  const response = await fetch(`${process.env.E2E_CONTROL}/hosts`);
  const all = (await response.json()) as Simulated[];
  const found = all.find((h) => h.fqdn.startsWith('web-'));
  if (!found) throw new Error('the fleet has no web server');
  return found;
}

async function newHost(more: object = {}): Promise<Host> {
  const { address, agent_port } = await machine();
  return api<Host>('POST', '/hosts', { fqdn: `${unique('e2e')}.demo.internal`, address, agent_port, ...more });
}

const checks = (page: Page) => page.getByRole('region', { name: 'Health checks' });

test('a host is added, its checks are added, tested and changed, and the sixth is refused', async ({ admin: page }) => {
  const sim = await machine();
  const fqdn = `${unique('e2e')}.demo.internal`;
  await page.goto('/hosts');
  await page.getByRole('button', { name: 'Add host' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name (FQDN)').fill(`no name ${fqdn}`);
  await dialog.getByLabel('Address').fill(sim.address);
  await dialog.getByLabel('Agent port').fill(`${sim.agent_port}`);
  await dialog.getByLabel('Labels').fill('env=e2e');
  await dialog.getByRole('button', { name: 'Add host' }).click();
  await expect(dialog.getByLabel('Name (FQDN)')).toHaveAccessibleDescription(/\S/);
  await expect(dialog.getByLabel('Name (FQDN)')).toHaveAttribute('aria-invalid', 'true');
  await expect(dialog.getByLabel('Address')).toHaveValue(sim.address);
  await expectAccessible(page);
  await dialog.getByLabel('Name (FQDN)').fill(fqdn);
  await dialog.getByRole('button', { name: 'Add host' }).click();
  await expect(page.getByRole('heading', { name: fqdn })).toBeVisible();
  await expect(page.getByRole('link', { name: 'env=e2e' })).toBeVisible();

  await addHttpCheck(page, 'start page', sim.web_url, 'this text is not there');
  const check = page.getByRole('listitem', { name: 'start page' });
  await check.getByRole('button', { name: 'Test now' }).click();
  const tested = check.getByRole('status', { name: 'Test of start page' });
  await expect(tested.getByText('Unhealthy')).toBeVisible();
  await check.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByLabel('Expected text').fill(sim.fqdn);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await check.getByRole('button', { name: 'Test now' }).click();
  await expect(tested.getByText('Healthy', { exact: true })).toBeVisible();
  await expect(check.getByRole('img', { name: /start page, the last 4 days: \d+ results/ })).toBeVisible();
  await expectAccessible(page);

  const id = page.url().split('/').at(-1);
  for (const name of ['two', 'three', 'four', 'five']) {
    await api('POST', `/hosts/${id}/health-checks`, { name, check_type: 'service', service_name: 'ssh.service' });
  }
  await expect(checks(page).getByText('5 of at most 5')).toBeVisible(); // by the stream
  await checks(page).getByRole('button', { name: 'Add check' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('six');
  await page.getByRole('dialog').getByLabel('Systemd unit').fill('nginx.service');
  await page.getByRole('dialog').getByRole('button', { name: 'Add check' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('at most 5 health checks');
  await expect(page.getByRole('dialog').getByLabel('Name')).toHaveValue('six');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog').getByLabel('Name')).toHaveValue('six');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

  const five = page.getByRole('listitem', { name: 'five' });
  await five.getByRole('button', { name: 'Disable' }).click();
  await expect(five.getByText(/Disabled: not polled/)).toBeVisible();
  await five.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete check' }).click();
  await expect(checks(page).getByText('4 of at most 5')).toBeVisible();
  await api('DELETE', `/hosts/${id}`);
  await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible();
});

async function addHttpCheck(page: Page, name: string, url: string, text: string) {
  await checks(page).getByRole('button', { name: 'Add check' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('HTTP', { exact: true }).click();
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('URL').fill(url);
  await dialog.getByLabel('Expected text').fill(text);
  await dialog.getByRole('button', { name: 'Add check' }).click();
  await expect(dialog).toBeHidden();
}

test('the password of a check is kept, and what clears it is said before', async ({ admin: page }) => {
  const host = await newHost();
  const path = `/hosts/${host.id}/health-checks`;
  const made = await api<HealthCheck>('POST', path, {
    name: 'site',
    check_type: 'http',
    url: 'https://site.example/health',
    expected_body: 'ok',
    ignore_cert_errors: true,
    basic_auth_user: 'probe',
    basic_auth_pass: 's3cret',
  });
  await page.goto(`/hosts/${host.id}`);
  const check = page.getByRole('listitem', { name: 'site' });
  await expect(check.getByText('Certificate not verified')).toBeVisible();
  const dialog = page.getByRole('dialog');
  await check.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByLabel('URL').fill('https://site.example/other');
  await expect(dialog.getByText('The password will be cleared')).toBeHidden();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  expect((await api<HealthCheck>('GET', `${path}/${made.id}`)).has_basic_auth_password).toBe(true);
  await check.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByLabel('URL').fill('https://site.example:8443/other');
  await expect(dialog.getByText('The password will be cleared')).toBeVisible();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(check.getByText('without a password')).toBeVisible();
  await api('DELETE', `/hosts/${host.id}`);
});

test('a check with thresholds holds on to what it shows, and says that the gate does not', async ({ admin: page }) => {
  const sim = await machine();
  const host = await newHost();
  await api('POST', `/hosts/${host.id}/health-checks`, {
    name: 'start page',
    check_type: 'http',
    url: sim.web_url,
    expected_body: sim.fqdn,
  });
  await page.goto(`/hosts/${host.id}`);
  const check = page.getByRole('listitem', { name: 'start page' });
  await check.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog');
  const failures = dialog.getByLabel('Failures until unhealthy');
  await failures.fill('11');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(failures).toHaveAttribute('aria-invalid', 'true');
  await failures.fill('10');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  await check.getByRole('button', { name: 'Test now' }).click();
  await expect(check.getByText(/Healthy since/)).toBeVisible();
  await expect(check.getByText(/The gate goes by the last result/)).toBeHidden();

  await control(sim.fqdn, 'web', { healthy: false });
  try {
    await check.getByRole('button', { name: 'Test now' }).click();
    await expect(check.getByText(/^\d of 10 failures$/)).toBeVisible();
    await expect(check.getByText('The gate goes by the last result and waits already.')).toBeVisible();
    await expectAccessible(page);
    await page.goto(`/hosts?q=${host.fqdn}`);
    await expect(page.getByRole('row', { name: host.fqdn }).getByText('Healthy', { exact: true })).toBeVisible();
  } finally {
    await control(sim.fqdn, 'web', { healthy: true });
  }
  await api('DELETE', `/hosts/${host.id}`);
});

test('a host is edited and deleted, which names what goes with it', async ({ admin: page }) => {
  const host = await newHost({ labels: { env: 'e2e' } });
  await api('POST', `/hosts/${host.id}/health-checks`, {
    name: 'secure shell',
    check_type: 'service',
    service_name: 'ssh.service',
  });
  await page.goto(`/hosts/${host.id}`);
  await page.getByRole('button', { name: 'Edit' }).first().click();
  await page.getByRole('dialog').getByLabel('Display name').fill('A machine of the tests');
  await expectAccessible(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('A machine of the tests')).toBeVisible();
  const main = page.getByRole('main');
  await main.getByRole('button', { name: 'Delete' }).first().click();
  await expect(page.getByRole('dialog').getByText('health check: secure shell')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Delete host' }).click();
  await expect(page.getByRole('heading', { name: 'Hosts' })).toBeVisible();
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox', { name: 'Search hosts' })).toBeFocused();
  await page.keyboard.type(host.fqdn);
  await expect(page.getByText('No host matches.')).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`q=${host.fqdn}`));
});

test('what is searched, filtered and sorted is in the URL, and all that match can be selected', async ({
  admin: page,
}) => {
  const label = unique('suite');
  const hosts = [await newHost({ labels: { [label]: '' } }), await newHost({ labels: { [label]: '' } })];
  await page.goto(`/hosts?label=${label}`);
  await expect(page.getByText('2 hosts match.')).toBeVisible();
  await page.getByRole('button', { name: 'Host', exact: true }).click();
  await expect(page).toHaveURL(/sort=-fqdn/);
  await page.getByRole('combobox', { name: 'Health' }).click();
  await page.getByRole('option', { name: 'No checks' }).click();
  await expect(page).toHaveURL(/health=none/);
  await page.reload();
  await expect(page.getByText('2 hosts match.')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('checkbox', { name: `Select ${hosts[0]?.fqdn}` }).check();
  await expect(page.getByText('1 host selected')).toBeVisible();
  await page.getByRole('checkbox', { name: 'Select all that match' }).check();
  await expect(page.getByText('All 2 hosts that match selected')).toBeVisible();
  await page.getByRole('button', { name: 'Deploy' }).click();
  await expect(page.getByRole('heading', { name: 'Deploy', level: 1 })).toBeVisible();
  const matching = new URL(page.url()).searchParams.get('matching') ?? '';
  expect(JSON.parse(matching)).toEqual({ health: 'none', label: [label] });
  await page.goBack();
  await page.getByRole('checkbox', { name: 'Select all that match' }).check();
  const csv = await page.getByRole('link', { name: 'CSV' }).getAttribute('href');
  expect(csv).toContain('format=csv');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 2 hosts' }).click();
  await expect(page.getByText('No host matches.')).toBeVisible();
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.getByRole('button', { name: 'Clear all filters' }).click();
  await expect(page.getByText(/^\d+ hosts?\.$/)).toBeVisible();
});

test('of ten thousand hosts only those in view are in the page, however far somebody scrolls', async ({
  admin: page,
}) => {
  const [one] = (await api<HostList>('GET', '/hosts?limit=1')).items;
  await page.route(/\/api\/v1\/hosts\?/, (route) => {
    const after = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    const items = Array.from({ length: 100 }, (_, i) => ({
      ...one,
      id: `h${after + i}`,
      fqdn: `host-${`${after + i}`.padStart(5, '0')}.example`,
    }));
    const next_cursor = after + 100 < 10_000 ? `${after + 100}` : null;
    return route.fulfill({ json: { items, next_cursor, total: 10_000 } });
  });
  await page.goto('/hosts');
  await expect(page.getByText('10,000 hosts.')).toBeVisible();
  const table = page.getByRole('region', { name: 'Hosts' });
  // Where the end is seen, up to two more pages are read, so the row is looked for once it is there, not as the last one.
  await expect(async () => {
    const height = await table.evaluate((scroller) => {
      scroller.scrollTo(0, scroller.scrollHeight);
      return scroller.scrollHeight;
    });
    expect(height).toBeGreaterThan(3000 * 44);
  }).toPass({ timeout: 60_000, intervals: [20] });
  await table.evaluate((scroller) => scroller.scrollTo(0, 2999 * 44));
  await expect(page.getByRole('link', { name: 'host-02999.example' })).toBeVisible();
  expect(await table.getByRole('row').count()).toBeLessThan(60);
});

test('a host of another group does not exist, and a viewer is told why nothing can be changed', async ({ page }) => {
  const name = unique('e2e-user');
  const password = 'correct horse battery staple';
  const [mine, other] = [
    await api<Group>('POST', '/groups', { name: unique('e2e mine') }),
    await api<Group>('POST', '/groups', { name: unique('e2e other') }),
  ];
  const user = await api<User>('POST', '/users', { name, password });
  await api('PUT', `/groups/${mine.id}/users/${user.id}`, { role: 'viewer' });
  const seen = await newHost({ group_ids: [mine.id] });
  const foreign = await newHost({ group_ids: [other.id] });

  await signIn(page, name, password);
  await page.goto(`/hosts/${foreign.id}`);
  await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible();
  await api('PUT', `/groups/${mine.id}/users/${user.id}`, { role: 'operator' });
  await page.goto(`/hosts/${foreign.id}`);
  await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible();
  await api('PUT', `/groups/${mine.id}/users/${user.id}`, { role: 'viewer' });
  await page.goto(`/hosts/${seen.id}`);
  const deploy = page.getByRole('main').getByRole('button', { name: 'Deploy' });
  await expect(deploy).toHaveAttribute('aria-disabled', 'true');
  await expect(deploy).toHaveAccessibleDescription(/takes the role operator/);
  await expectAccessible(page);

  for (const host of [seen, foreign]) await api('DELETE', `/hosts/${host.id}`);
  for (const group of [mine, other]) await api('DELETE', `/groups/${group.id}`);
  await api('DELETE', `/users/${user.id}`);
});
