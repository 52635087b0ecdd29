import { Button, Group, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FleetSummary, type Job, listJobsOptions } from '../../api';
import { EmptyState } from '../../shared/ui/EmptyState';
import { PageLink } from '../../shared/ui/PageLink';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { StatusBadge, statusWord } from '../../shared/ui/StatusBadge';
import { Age } from '../../shared/ui/Time';
import { countsInWords } from '../jobs/counts';
import { jobStatuses } from '../jobs/search';
import { jobTitle } from '../jobs/title';

/** How many jobs are under way, and the newest ones. */
export function RecentJobs({ summary }: { summary: FleetSummary | undefined }) {
  const jobs = useQuery(listJobsOptions({ query: { limit: 8 } }));
  const open = jobStatuses.filter((status) => (summary?.jobs[status] ?? 0) > 0);
  return (
    <Section title="Jobs">
      {open.length > 0 && (
        <Group gap="md">
          {open.map((status) => (
            <PageLink key={status} to="/jobs" search={{ status }}>
              {summary?.jobs[status]} {statusWord(status).toLowerCase()}
            </PageLink>
          ))}
        </Group>
      )}
      {jobs.error && <ProblemAlert error={jobs.error} retry={() => void jobs.refetch()} />}
      {jobs.data?.items.length === 0 && <NoJobs />}
      {jobs.data && jobs.data.items.length > 0 && <Newest jobs={jobs.data.items} />}
    </Section>
  );
}

function Newest({ jobs }: { jobs: Job[] }) {
  return (
    <Table aria-label="The newest jobs" verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Job</Table.Th>
          <Table.Th>Status</Table.Th>
          <Table.Th visibleFrom="md">Hosts</Table.Th>
          <Table.Th visibleFrom="sm">Made</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {jobs.map((job) => (
          <Table.Tr key={job.id}>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>
              <PageLink to="/jobs/$jobId" params={{ jobId: job.id }}>
                {jobTitle(job)}
              </PageLink>
            </Table.Td>
            <Table.Td>
              <StatusBadge status={job.status} />
            </Table.Td>
            <Table.Td visibleFrom="md">
              <Text span size="sm">
                {countsInWords(job.counts.by_status)}
              </Text>
            </Table.Td>
            <Table.Td visibleFrom="sm">
              <Age at={job.created_at} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function NoJobs() {
  return (
    <EmptyState
      title="No jobs yet"
      action={
        <Button component={Link} to="/deploy">
          Deploy patches
        </Button>
      }
    >
      A job patches a set of hosts, each in its own window and only while it is healthy.
    </EmptyState>
  );
}
