import type { Host, Job } from '../src/api';
import { unique } from './people';
import { sql, stackVariable } from './servers';
import { api, expect, expectAccessible, test } from './site';

/** Has a worker of a zone been there last at a moment, as SQL says it. */
const workerSeen = (zone: string, at: string) =>
  sql(
    stackVariable('DATABASE_URL'),
    `insert into zone_workers (worker_id, zone, seen_at) values (gen_random_uuid(), '${zone}', ${at})`,
  );

test('a zone whose workers are gone is named where people look, with its hosts, until one comes back', async ({
  admin: page,
}) => {
  const zone = unique('dmz');
  const host = await api<Host>('POST', '/hosts', { fqdn: `${unique('unserved')}.demo.internal`, zone });
  await workerSeen(zone, "now() - interval '4 minutes'");
  const job = await api<Job>('POST', '/jobs', { host_ids: [host.id], immediate: true });

  await page.goto('/');
  const note = page.getByRole('note', { name: `No worker in zone ${zone}` });
  await expect(note).toContainText(/since .* \(4 min/);
  await expectAccessible(page);
  await note.getByRole('link', { name: '1 host' }).click();
  const mark = page.getByRole('row', { name: host.fqdn }).getByText(`no worker in zone ${zone}`);
  await expect(mark).toBeInViewport({ ratio: 0.9 }); // not cut off behind a long name
  await expectAccessible(page);
  await page.getByRole('link', { name: host.fqdn }).click();
  await expect(page.getByRole('region', { name: 'About this host' })).toContainText('No worker since');
  await page.goto(`/jobs/${job.id}/hosts/${host.id}`);
  const why = page.getByRole('region', { name: 'Why is this host waiting?' });
  await expect(why).toContainText(`No worker in zone ${zone} since`);
  await expect(why).toContainText(`a worker of zone ${zone}`);
  await expectAccessible(page);

  await workerSeen(zone, "now() + interval '1 day'");
  // Nobody tells that a worker came: what is shown is read again every 30 s.
  await expect(why).not.toContainText('No worker', { timeout: 40_000 });
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 2, name: /stuck/i })).toBeVisible();
  await expect(note).toBeHidden();
  await page.goto(`/hosts/${host.id}`);
  await expect(page.getByRole('region', { name: 'About this host' })).toContainText(zone);
  await expect(page.getByText('No worker')).toBeHidden();

  await api('POST', `/jobs/${job.id}/cancel`);
});
