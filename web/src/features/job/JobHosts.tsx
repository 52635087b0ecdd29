import { Button, Group, Stack, Text } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type Job, type JobHost, listJobHosts, listJobHostsQueryKey } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { CsvLink } from '../../shared/ui/CsvLink';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { SearchBox } from '../../shared/ui/SearchBox';
import { StatusBadge } from '../../shared/ui/StatusBadge';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { statusCounts } from '../jobs/counts';
import type { JobSearch } from '../jobs/search';
import { columns } from './columns';
import { TimelineLegend } from './Timeline';

const id = (host: JobHost) => host.host_id;

/** The hosts of a job, all or those of one status. */
export function JobHosts({ job }: { job: Job }) {
  const search = useSearch({ from: '/shell/jobs/$jobId' });
  const navigate = useNavigate({ from: '/jobs/$jobId' });
  const sortBy = (by: string) =>
    void navigate({
      search: (old) => ({ ...old, sort: by as JobSearch['sort'] }),
      replace: true,
      resetScroll: false,
    });
  const ask = { path: { id: job.id }, query: { ...search, limit: 100 } };
  const hosts = usePages({
    queryKey: listJobHostsQueryKey(ask),
    fetchPage: async (cursor, signal) =>
      (await listJobHosts({ ...ask, query: { ...ask.query, cursor }, signal, throwOnError: true })).data,
    id,
  });
  const total = search.q ? undefined : search.status ? job.counts.by_status[search.status] : job.counts.hosts;
  return (
    <Stack gap="xs">
      <Filters job={job} search={search} />
      <TimelineLegend />
      {hosts.error && <ProblemAlert error={hosts.error} retry={() => void hosts.refetch()} />}
      {hosts.isSuccess && hosts.items.length === 0 ? (
        <Text size="sm">No host of this job matches.</Text>
      ) : (
        <VirtualTable
          label="Hosts of the job"
          columns={columns}
          rows={hosts.items}
          rowId={id}
          total={total}
          onView={hosts.see}
          sort={{ by: search.sort ?? 'fqdn', set: sortBy }}
          loading={hosts.isLoading}
          rowHeight={52}
          from={JSON.stringify(search)}
        />
      )}
    </Stack>
  );
}

function Filters({ job, search }: { job: Job; search: JobSearch }) {
  const navigate = useNavigate({ from: '/jobs/$jobId' });
  const set = (part: { [K in keyof JobSearch]: JobSearch[K] | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true, resetScroll: false });
  const counts = statusCounts(job.counts.by_status);
  // A status stays to be seen, and to be left, when the last host has left it.
  if (search.status && !job.counts.by_status[search.status]) counts.push([search.status, 0]);
  return (
    <Group gap="xs">
      <SearchBox
        label="Search hosts of the job"
        placeholder="Part of a name"
        value={search.q ?? ''}
        onSearch={(q) => set({ q: q || undefined })}
        w={200}
      />
      <Group gap={6} role="group" aria-label="Hosts by status">
        <Chip on={!search.status} count={job.counts.hosts} onClick={() => set({ status: undefined })}>
          All
        </Chip>
        {counts.map(([status, count]) => (
          <Chip key={status} on={search.status === status} count={count} onClick={() => set({ status })}>
            <StatusBadge status={status} />
          </Chip>
        ))}
      </Group>
      <CsvLink path={`/jobs/${job.id}/hosts`} query={search} />
    </Group>
  );
}

interface ChipProps {
  on: boolean;
  count: number;
  onClick: () => void;
  children: React.ReactNode;
}

function Chip({ on, count, onClick, children }: ChipProps) {
  return (
    <Button
      size="compact-sm"
      variant="default"
      aria-pressed={on}
      onClick={onClick}
      bd={on ? '1px solid var(--accent)' : undefined}
      rightSection={<b>{count}</b>}
    >
      {children}
    </Button>
  );
}
