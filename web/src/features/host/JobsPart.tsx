import { Group, List, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type Host, type JobHost, listFleetJobHostsOptions, type Wait } from '../../api';
import { PageLink } from '../../shared/ui/PageLink';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { StatusBadge, unfinished } from '../../shared/ui/StatusBadge';
import { Age, Countdown } from '../../shared/ui/Time';
import { failingWords, waitWord } from '../job/words';

/** So many jobs are read, and so many of those that ended are shown; the Jobs page has all. */
const read = 20;
const endedShown = 3;

/** The jobs of a host, the waiting ones first and why they wait. */
export function JobsPart({ host }: { host: Host }) {
  const jobs = useQuery(listFleetJobHostsOptions({ query: { host_id: host.id, limit: read } }));
  const total = jobs.data?.total ?? 0;
  const items = jobs.data?.items ?? [];
  const waiting = items.filter(isUnfinished);
  const shown = [...waiting, ...items.filter((job) => !isUnfinished(job)).slice(0, endedShown)];
  return (
    <Section
      title="Jobs"
      actions={
        total > shown.length && (
          <PageLink to="/jobs" search={{ host_id: host.id }}>
            All {total} jobs
          </PageLink>
        )
      }
    >
      {jobs.error && <ProblemAlert error={jobs.error} retry={() => void jobs.refetch()} />}
      {jobs.isLoading && <Skeleton h={40} />}
      {jobs.data && items.length === 0 && <Text size="sm">No job has named this host yet. Deploy makes one.</Text>}
      <List size="sm" spacing="xs" listStyleType="none">
        {shown.map((job) => (
          <List.Item key={job.job_id}>
            <Row job={job} />
          </List.Item>
        ))}
      </List>
    </Section>
  );
}

const isUnfinished = ({ status }: JobHost) => unfinished.some((s) => s === status);

function Row({ job }: { job: JobHost }) {
  return (
    <Stack gap={2}>
      <Group gap="xs">
        <StatusBadge status={job.status} phase={job.phase} />
        <PageLink
          to="/jobs/$jobId/hosts/$hostId"
          params={{ jobId: job.job_id, hostId: job.host_id }}
          aria-label={`Job ${job.job_id.slice(-8)}, ${job.status}`}
        >
          Job {job.job_id.slice(-8)}
        </PageLink>
        <Text span size="xs" c="dimmed">
          changed <Age at={job.updated_at} />
        </Text>
      </Group>
      {job.wait ? <Waits wait={job.wait} /> : job.detail && <Text size="xs">{job.detail}</Text>}
    </Stack>
  );
}

function Waits({ wait }: { wait: Wait & object }) {
  const failing = wait.failing.map(failingWords).join('; ');
  return (
    <Text size="xs" component="div">
      {waitWord(wait.reason)}: {failing || wait.detail}
      <Text size="xs" c="dimmed" component="div">
        {wait.next_try_at && (
          <>
            next try <Countdown to={wait.next_try_at} />
          </>
        )}
        {wait.next_try_at && wait.until && ', '}
        {wait.until && (
          <>
            gives up <Countdown to={wait.until} />
          </>
        )}
      </Text>
    </Text>
  );
}
