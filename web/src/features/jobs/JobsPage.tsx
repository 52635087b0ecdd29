import { Button, Text } from '@mantine/core';
import { IconRocket } from '@tabler/icons-react';
import { Link, useSearch } from '@tanstack/react-router';
import { type Job, listJobs, listJobsQueryKey } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { apiPath } from '../../shared/lib/search';
import { CopyCurl, curl } from '../../shared/ui/CopyCurl';
import { CsvLink } from '../../shared/ui/CsvLink';
import { EmptyState } from '../../shared/ui/EmptyState';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { columns } from './columns';
import { JobsFilters } from './JobsFilters';
import type { JobsSearch } from './search';

const id = (job: Job) => job.id;
const example = curl('POST', '/api/v1/jobs', { group_ids: ['<id of a group>'] });

export function JobsPage() {
  const search = useSearch({ from: '/shell/jobs' });
  const filtered = Object.keys(search).length > 0;
  const query = { ...search, limit: 100 };
  const jobs = usePages({
    queryKey: listJobsQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listJobs({ query: { ...query, cursor }, signal, throwOnError: true })).data,
    id,
  });
  const none = jobs.isSuccess && jobs.items.length === 0 && !jobs.hasNextPage;
  return (
    <Page title="Jobs" actions={<Actions search={search} />}>
      <JobsFilters search={search} />
      {jobs.error && <ProblemAlert error={jobs.error} retry={() => void jobs.refetch()} />}
      {none && !filtered && (
        <EmptyState title="No jobs yet" action={<DeployButton />} command={example}>
          A job patches a set of hosts once: each in its maintenance window, and only while all of its health checks are
          healthy.
        </EmptyState>
      )}
      {none && filtered && <Text size="sm">No job matches.</Text>}
      {!none && (
        <VirtualTable
          label="Jobs"
          columns={columns}
          rows={jobs.items}
          rowId={id}
          onView={jobs.see}
          loading={jobs.isLoading}
          rowHeight={56}
          from={JSON.stringify(search)}
        />
      )}
    </Page>
  );
}

function Actions({ search }: { search: JobsSearch }) {
  return (
    <>
      <CopyCurl path={apiPath('/jobs', search)} />
      <CsvLink path="/jobs" query={search} />
      <DeployButton />
    </>
  );
}

function DeployButton() {
  return (
    <Button component={Link} to="/deploy" size="xs" leftSection={<IconRocket size={14} aria-hidden />}>
      Deploy
    </Button>
  );
}
