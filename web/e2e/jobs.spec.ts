import type { Page } from '@playwright/test';
import { makeTester } from './people';
import { api, control, expect, expectAccessible, test } from './site';

interface Job {
  id: string;
}

// These hosts are those of this file.
const sick = 'db-03.demo.internal';
const fine = 'db-04.demo.internal';
const service = 'postgresql.service';

const turn = (healthy: boolean) => control(sick, `services/${service}`, { healthy });

/** Makes the host sick or healthy, and known to be so: a fresh result of before would still count. */
async function makeHealthy(healthy: boolean) {
  await turn(healthy);
  const id = await hostId(sick);
  const { items } = await api<{ items: { id: string }[] }>('GET', `/hosts/${id}/health-checks`);
  for (const check of items) await api('POST', `/hosts/${id}/health-checks/${check.id}/test`, undefined, tester);
}

async function hostId(fqdn: string): Promise<string> {
  const { items } = await api<{ items: { id: string; fqdn: string }[] }>('GET', `/hosts?q=${fqdn}&limit=5`);
  const host = items.find((h) => h.fqdn === fqdn);
  if (!host) throw new Error(`there is no host ${fqdn}`);
  return host.id;
}

const make = async (fqdns: string[], more: object) =>
  (await api<Job>('POST', '/jobs', { host_ids: await Promise.all(fqdns.map(hostId)), immediate: true, ...more })).id;

/** The rows of the table that the page offers, without the names of its columns. */
async function tableRows(page: Page): Promise<string[]> {
  const href = await page.getByRole('link', { name: 'CSV' }).getAttribute('href');
  const answer = await page.request.get(href ?? '');
  expect(answer.headers()['content-type']).toContain('text/csv');
  return (await answer.text()).trimEnd().split('\r\n').slice(1);
}

const row = (page: Page, fqdn: string) => page.getByRole('row').filter({ hasText: fqdn });
const dialog = (page: Page) => page.getByRole('dialog');

let tester: string;
test.beforeAll(async () => {
  tester = await makeTester();
});

test.beforeEach(async () => {
  for (const fqdn of [sick, fine]) await control(fqdn, 'patches/reset');
  await makeHealthy(true);
});

test.afterEach(async () => {
  const { items } = await api<{ items: { id: string; notes: string; completed_at: string | null }[] }>('GET', '/jobs');
  for (const job of items.filter((j) => j.notes.startsWith('e2e jobs:') && !j.completed_at))
    await api('POST', `/jobs/${job.id}/cancel`).catch(() => undefined); // it may have ended meanwhile
  await makeHealthy(true);
});

test('a deployment names the unhealthy host, which waits at the gate and is released live once it is mended', async ({
  admin: page,
}) => {
  const notes = `e2e jobs: gate ${Date.now()}`;
  test.slow();
  await makeHealthy(false);

  await page.goto('/deploy?q=db-0');
  await page.getByRole('checkbox', { name: `Select ${sick}` }).check();
  await page.getByRole('checkbox', { name: `Select ${fine}` }).check();
  await expect(page.getByText('2 of at most 150 single hosts chosen.')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Continue with 2 hosts' }).click();
  await page.getByRole('radio', { name: 'Immediately' }).check();
  const { gate_timeout } = await api<{ gate_timeout: string }>('GET', '/job-defaults');
  await expect(page.getByLabel('Wait for health')).toHaveAttribute('placeholder', gate_timeout);
  await expect(page.getByRole('note')).toContainText(/at most \d+ (h|min|s);/);
  await page.getByRole('radio', { name: 'Only those named' }).check();
  const patch = page.getByRole('button', { name: /^Patch 2 hosts/ });
  await expect(patch).toHaveAttribute('aria-description', 'Name at least one package.');
  await expect(page.getByText('array length')).toHaveCount(0);
  await page.getByRole('radio', { name: 'All that are available' }).check();
  await page.getByLabel('Hosts at a time').fill('many');
  await expect(page.getByText(/number|percent/).last()).toBeVisible();
  await expect(page.getByLabel('Hosts at a time')).toHaveValue('many');
  await page.getByLabel('Hosts at a time').fill('2');
  await page.getByLabel('Not before').fill('275760-01-01T10:00');
  await expect(page.getByText(/not_before|date-time|RFC 3339/i).last()).toBeVisible();
  await page.getByLabel('Not before').fill('');
  await page.getByLabel('Notes').fill(notes);
  await expect(page.getByRole('note', { name: '1 host not healthy now' })).toContainText(sick);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Patch 2 hosts now' }).click();
  await expect(dialog(page)).toContainText(`${sick}, ${fine}`);
  await dialog(page).getByRole('button', { name: 'Patch 2 hosts now' }).dblclick();

  await expect(page.getByRole('heading', { name: notes })).toBeVisible();
  await expect(row(page, fine)).toContainText('Succeeded');
  await expect(row(page, sick)).toContainText('Waiting for health');
  await expectAccessible(page);
  const made = await api<{ items: { notes: string }[] }>('GET', '/jobs');
  expect(made.items.filter((j) => j.notes === notes)).toHaveLength(1);

  await page.getByRole('link', { name: sick }).click();
  const waiting = page.getByRole('region', { name: 'Why is this host waiting?' });
  await expect(waiting).toContainText(`${service} is not healthy`);
  await expect(waiting).toContainText(/Next try in \d+ s/);
  await expect(waiting).toContainText(/Gives up in \d+ min/);
  await waiting.getByRole('button', { name: 'Check now' }).click();
  await expect(waiting.getByText(/still waiting/)).toBeVisible();
  await expectAccessible(page);

  const loads = await page.evaluate(() => performance.timeOrigin);
  await turn(true);
  await expect(dialog(page).getByText('Succeeded')).toBeVisible({ timeout: 60_000 });
  expect(await page.evaluate(() => performance.timeOrigin)).toBe(loads);
  await expect(dialog(page).getByRole('table', { name: 'Packages' })).toContainText('installed');
  await expect(dialog(page).getByRole('log')).toContainText('Reading package lists');
  await expect(dialog(page).getByText(/lines, complete/)).toBeVisible();
  await dialog(page).getByLabel('Search the output').fill('setting up');
  await expect(dialog(page).getByText(/of \d+ lines match/)).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/jobs\/[0-9a-f-]+$/);
  await expect(page.getByRole('link', { name: sick })).toBeFocused();
  await expect(row(page, sick)).toContainText('Succeeded');
});

test('what was confirmed stays as it was shown, is one job however often it is sent, and another once it is changed', async ({
  admin: page,
}) => {
  const sent: { key: string | undefined; notes: string }[] = [];
  await page.route('**/api/v1/jobs', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    sent.push({ key: route.request().headers()['idempotency-key'], notes: route.request().postDataJSON().notes });
    if (sent.length < 4) return route.fulfill({ status: 499, body: 'cut off' });
    await route.fulfill({ status: 409, json: { status: 409, code: 'idempotency_key_reused', title: '', detail: '' } });
  });
  await page.goto(`/deploy?host_ids=${await hostId(fine)}`);
  const patch = async (notes: string) => {
    await page.getByLabel('Notes').fill(notes);
    await page.getByRole('button', { name: /^Patch 1 host/ }).click();
    await dialog(page)
      .getByRole('button', { name: /^Patch 1 host/ })
      .click();
    await expect(dialog(page).getByRole('alert').getByRole('link', { name: 'the jobs' })).toBeVisible();
  };
  const leave = () => dialog(page).getByRole('button', { name: 'Leave it' }).click();
  await patch('e2e jobs: one');
  let failed = 0;
  await page.route('**/api/v1/jobs/preview*', (route) => {
    failed++;
    return route.fulfill({ status: 422, json: { status: 422, code: 'invalid_field', title: '', detail: 'gone' } });
  });
  const group = await api<Job>('POST', '/groups', { name: `e2e jobs ${Date.now()}` });
  await expect.poll(() => failed).toBeGreaterThan(0);
  await expect(page.getByText('gone')).toBeVisible();
  await expect(dialog(page)).toContainText(fine);
  await page.unroute('**/api/v1/jobs/preview*');
  await api('DELETE', `/groups/${group.id}`);
  await leave();
  await patch('e2e jobs: two');
  await leave();
  await patch('e2e jobs: one');
  await leave();
  await patch('e2e jobs: three');
  await expect(dialog(page).getByRole('alert')).toContainText('The first request made a job already');
  expect(sent.map(({ notes }) => notes)).toEqual(['one', 'two', 'one', 'three'].map((n) => `e2e jobs: ${n}`));
  expect(sent[2]?.key).toBe(sent[0]?.key);
  expect(new Set(sent.map(({ key }) => key)).size).toBe(3);
});

test('a host that stays unhealthy until its time is over is failed with the reason, and retried from the page', async ({
  admin: page,
}) => {
  const notes = `e2e jobs: closing ${Date.now()}`;
  await makeHealthy(false);
  const job = await make([sick, fine], { gate_timeout: '10s', notes });
  await page.goto(`/jobs/${job}`);
  await expect(row(page, sick)).toContainText('Failed', { timeout: 60_000 });
  await page.getByRole('button', { name: /Failed 1/ }).click();
  await expect(page).toHaveURL(/status=failed/);
  await expect(row(page, fine)).toHaveCount(0);
  await page.getByRole('button', { name: /^All/ }).click();
  await page.getByRole('button', { name: 'Status', exact: true }).click();
  await expect(page).toHaveURL(/sort=status/);
  await expect(page.getByRole('row').nth(1)).toContainText(sick);
  await page.getByRole('button', { name: 'Status', exact: true }).click();
  await expect(page.getByRole('row').nth(1)).toContainText(fine);
  await expect(page.getByRole('columnheader', { name: 'Status' })).toHaveAttribute('aria-sort', 'descending');
  expect((await tableRows(page)).map((line) => line.includes(fine))).toEqual([true, false]);
  await page.goto(`/jobs/${job}?status=failed`);
  const table = await tableRows(page);
  expect(table).toHaveLength(1);
  expect(table[0]).toContain(`${sick},failed,,gate_timeout`);
  await page.getByRole('link', { name: sick }).click();
  await expect(dialog(page)).toContainText('gate_timeout');
  await expect(dialog(page)).toContainText('Nothing was sent to the host.');
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/status=failed$/);

  await makeHealthy(true);
  await page.getByRole('button', { name: 'Retry 1 failed host' }).click();
  await expect(dialog(page)).toContainText(sick);
  await dialog(page).getByRole('checkbox', { name: '1 failed' }).uncheck();
  await expect(dialog(page).getByRole('button', { name: 'Retry 0 hosts' })).toHaveAttribute(
    'aria-description',
    /nothing is ticked/,
  );
  await dialog(page).getByRole('checkbox', { name: '1 failed' }).check();
  await dialog(page).getByRole('button', { name: 'Retry 1 host' }).click();
  await expect(page.getByRole('link', { name: `Job ${job.slice(-8)}` })).toBeVisible();
  await expect(row(page, sick)).toContainText('Succeeded', { timeout: 60_000 });
  await expect(row(page, fine)).toHaveCount(0);
});

test('a waiting host is cancelled alone, and a job as a whole', async ({ admin: page }) => {
  const notes = `e2e jobs: cancel ${Date.now()}`;
  await makeHealthy(false);
  const one = await make([sick], { notes: `${notes} one` });
  await page.goto(`/jobs/${one}/hosts/${await hostId(sick)}`);
  await expect(dialog(page).getByText('Why is this host waiting?')).toBeVisible();
  await page.getByRole('button', { name: 'Cancel this host' }).click();
  const confirming = page.getByRole('dialog', { name: `Cancel ${sick}?` });
  await confirming.getByRole('button', { name: 'Cancel this host' }).click();
  await expect(page.getByRole('dialog', { name: sick, exact: true })).toContainText('cancelled_by_user');

  const all = await make([sick], { notes: `${notes} all` });
  await page.goto('/jobs?status=waiting_health_check');
  await page.getByRole('link', { name: `${notes} all` }).click();
  await page.getByRole('button', { name: 'Cancel job' }).click();
  await dialog(page).getByRole('button', { name: 'Cancel 1 host' }).click();
  await expect(row(page, sick)).toContainText('Cancelled');
  await expect(page.getByRole('button', { name: 'Cancel job' })).toHaveCount(0);
  expect((await api<{ status: string }>('GET', `/jobs/${all}`)).status).toBe('cancelled');
});

test('a host whose window closes while it waits is failed with what it waited for, and nothing was sent', async ({
  admin: page,
}) => {
  test.slow();
  await makeHealthy(false);
  const host = await hostId(sick);
  // The cutoff leaves the first of its five minutes for starts.
  const now = new Date();
  const opens = new Date(now.getTime() + (now.getUTCSeconds() > 30 ? 60_000 : 0)).toISOString();
  const window = await api<{ id: string }>('POST', `/hosts/${host}/maintenance-windows`, {
    kind: 'maintenance',
    label: 'e2e closing',
    time_zone: 'UTC',
    starts_on: opens.slice(0, 10),
    start_time: opens.slice(11, 16),
    duration_minutes: 5,
    recurrence: 'once',
  });
  try {
    const job = await make([sick], { immediate: false, notes: `e2e jobs: window ${Date.now()}` });
    await page.goto(`/jobs/${job}/hosts/${host}`);
    const waiting = page.getByRole('region', { name: 'Why is this host waiting?' });
    await expect(waiting).toContainText(`${service} is not healthy`, { timeout: 60_000 });
    await expect(waiting).toContainText(/Gives up in \d+ s/);
    await expect(waiting).toContainText(/Window closes in [345] min/);
    await expect(dialog(page)).toContainText('window_closed', { timeout: 90_000 });
    await expect(dialog(page)).toContainText(`${service} is not healthy`);
    await expect(dialog(page)).toContainText('Nothing was sent to the host.');
    await expectAccessible(page);
  } finally {
    await api('DELETE', `/hosts/${host}/maintenance-windows/${window.id}`);
  }
});

test('a host that is lost while it is patched is indeterminate until somebody settles it', async ({ admin: page }) => {
  test.slow();
  const path = `/jobs/${await make([fine], { notes: `e2e jobs: lost ${Date.now()}` })}/hosts/${await hostId(fine)}`;
  const drawer = page.getByRole('dialog', { name: fine, exact: true });
  const status = async () => (await api<{ status: string }>('GET', path)).status;
  await expect.poll(status, { intervals: [100], timeout: 60_000 }).toBe('running');
  await control(fine, 'agent', { reachable: false });
  try {
    await page.goto(path);
    await drawer.getByRole('button', { name: 'Cancel this host' }).click();
    const confirming = page.getByRole('dialog', { name: `Cancel ${fine}?` });
    await expect(confirming).toContainText('an installation is not broken off');
    await confirming.getByRole('button', { name: 'Cancel this host' }).click();
    await expect(drawer.getByRole('button', { name: 'Cancel this host' })).toHaveAttribute('aria-disabled', 'true');
    await expect(drawer).toContainText('Indeterminate', { timeout: 60_000 });
  } finally {
    await control(fine, 'agent', { reachable: true });
  }
  await drawer.getByRole('button', { name: 'Settle', exact: true }).click();
  const settling = page.getByRole('dialog', { name: `Settle ${fine}` });
  await settling.getByRole('radio', { name: 'Succeeded' }).check();
  await expectAccessible(page);
  await settling.getByLabel('How this was found out').fill('dpkg.log says so');
  await settling.getByRole('button', { name: 'Settle' }).click();
  await expect(drawer).toContainText('dpkg.log says so');
  await expect(drawer).toContainText('Succeeded');
});

test('jobs are found by status, host and group, and the link keeps it', async ({ admin: page }) => {
  const notes = `e2e jobs: list ${Date.now()}`;
  await make([fine], { notes });
  await page.goto('/jobs');
  await expect(row(page, notes)).toContainText('Succeeded', { timeout: 60_000 });
  await expectAccessible(page);
  await page.getByRole('combobox', { name: 'Host' }).fill(fine);
  await page.getByRole('option', { name: fine }).click();
  await expect(page).toHaveURL(/host_id=/);
  await expect(row(page, notes)).toBeVisible();
  expect((await tableRows(page)).filter((line) => line.includes(`,succeeded,${notes},`))).toHaveLength(1);
  await page.getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'Cancelled', exact: true }).click();
  await expect(row(page, notes)).toHaveCount(0);
  expect((await tableRows(page)).filter((line) => line.includes(notes))).toEqual([]);
  await page.reload();
  await expect(page.getByRole('combobox', { name: 'Status' })).toHaveValue('Cancelled');
  await expect(page.getByRole('combobox', { name: 'Host' })).toHaveValue(fine);
});

test('whole groups are searched for by the server, and single hosts end at a limit that is said', async ({
  admin: page,
}) => {
  const name = `e2e jobs ${Date.now()}`;
  const group = await api<{ id: string }>('POST', '/groups', { name });
  const ids = Array.from({ length: 150 }, () => crypto.randomUUID());
  await page.goto(`/deploy?choose=true&host_ids=${ids.join(',')}&q=${fine}`);
  await expect(page.getByText(/^150 of at most 150 single hosts chosen. For more, choose whole groups/)).toBeVisible();
  await page.getByRole('checkbox', { name: `Select ${fine}` }).click();
  await expect(page.getByRole('button', { name: 'Continue with 150 hosts' })).toBeVisible();
  await expect(page.getByRole('checkbox', { name: `Select ${fine}` })).not.toBeChecked();
  const asked = page.waitForRequest((r) => new URL(r.url()).searchParams.get('q') === name);
  await page.getByRole('combobox', { name: 'Whole groups' }).fill(name);
  await asked;
  await page.getByRole('option', { name }).click();
  await expect(page).toHaveURL(new RegExp(`group_ids=${group.id}`));
  await expect(page.getByRole('button', { name: 'Continue with 150 hosts and 1 group' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expectAccessible(page);
  await api('DELETE', `/groups/${group.id}`);
});
