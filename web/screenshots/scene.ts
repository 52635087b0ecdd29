import { api, control } from '../e2e/site';

interface Listed {
  id: string;
}
interface Host extends Listed {
  fqdn: string;
}

const sick = 'app-04';

/** Ids of what the pictures show. */
export interface Scene {
  host: string;
  group: string;
  job: string;
  waitingHost: string;
  succeededHost: string;
}

/** Brings the demo fleet to an evening at work: jobs that succeed, wait and failed, and somebody who wants to enrol. */
export async function setScene(): Promise<Scene> {
  const hosts = new Map((await api<{ items: Host[] }>('GET', '/hosts')).items.map((h) => [h.fqdn.split('.')[0], h.id]));
  const idsOf = (...names: string[]) => names.map((name) => idOf(hosts, name));
  const groups = (await api<{ items: (Listed & { name: string })[] }>('GET', '/groups')).items;
  const group = groups.find((g) => g.name === 'Web servers')?.id ?? '';

  await turnDatabase(hosts, false);
  await ended(await deploy('Databases, first half', idsOf('db-01', 'db-03'), { gate_timeout: '1s' }));
  await turnDatabase(hosts, true);
  await ended(await deploy('Kernel update, web servers', idsOf('web-01', 'web-02', 'web-03')));
  await api('POST', '/jobs', { host_ids: idsOf('web-01', 'web-04', 'db-02'), notes: 'Monthly updates' });
  const job = await deploy('Applications, out of turn', idsOf('app-01', 'app-02', 'app-03', sick), {
    max_parallel: '2',
  });
  await progress(job, { succeeded: 3, waiting_health_check: 1 });

  const ada = await api<Listed>('POST', '/users', { name: 'ada', password: 'engine-of-analysis-1843' });
  await api('PUT', `/groups/${group}/users/${ada.id}`, { role: 'operator' });
  await api('POST', '/tokens', { name: 'nightly report', scopes: ['read'] });
  await api('POST', '/enroll', {
    machine_id: '4c1f0a7d2b',
    fqdn: 'web-05.demo.internal',
    ip_address: '192.0.2.15',
    os_details: { id: 'debian', version_id: '12' },
  });
  return {
    host: idOf(hosts, 'web-01'),
    group,
    job,
    waitingHost: idOf(hosts, sick),
    succeededHost: idOf(hosts, 'app-01'),
  };
}

/** Breaks or mends a database, and has it known: a fresh result of before would still count. */
async function turnDatabase(hosts: Map<string | undefined, string>, healthy: boolean) {
  await control('db-03.demo.internal', 'services/postgresql.service', { healthy });
  const checks = `/hosts/${idOf(hosts, 'db-03')}/health-checks`;
  for (const check of (await api<{ items: Listed[] }>('GET', checks)).items)
    await api('POST', `${checks}/${check.id}/test`);
}

function idOf(hosts: Map<string | undefined, string>, name: string): string {
  const id = hosts.get(name);
  if (!id) throw new Error(`the demo fleet has no host ${name}`);
  return id;
}

const deploy = async (notes: string, hostIds: string[], more: object = {}) =>
  (await api<Listed>('POST', '/jobs', { host_ids: hostIds, immediate: true, notes, ...more })).id;

const ended = (job: string) => until(job, (j) => j.completed_at !== null);

const progress = (job: string, counts: Record<string, number>) =>
  until(job, (j) => Object.entries(counts).every(([status, n]) => j.counts.by_status[status] === n));

interface Job {
  completed_at: string | null;
  counts: { by_status: Record<string, number> };
}

async function until(id: string, holds: (job: Job) => boolean) {
  for (const end = Date.now() + 60_000; ; ) {
    const job = await api<Job>('GET', `/jobs/${id}`);
    if (holds(job)) return;
    if (Date.now() > end) throw new Error(`job ${id} does not get there: ${JSON.stringify(job)}`);
    await new Promise((next) => setTimeout(next, 500));
  }
}
