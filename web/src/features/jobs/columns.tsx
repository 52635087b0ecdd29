import { Stack, Text } from '@mantine/core';
import type { ColumnDef } from '@tanstack/react-table';
import type { Job } from '../../api';
import { count as counted } from '../../shared/lib/words';
import { PageLink } from '../../shared/ui/PageLink';
import { StatusBadge } from '../../shared/ui/StatusBadge';
import { Age } from '../../shared/ui/Time';
import { countsInWords } from './counts';
import { jobTitle } from './title';

export const columns: ColumnDef<Job, unknown>[] = [
  {
    id: 'job',
    header: 'Job',
    meta: { width: 'minmax(120px, 2fr)' },
    cell: ({ row: { original: job } }) => (
      <Stack gap={0}>
        <PageLink to="/jobs/$jobId" params={{ jobId: job.id }} truncate>
          {jobTitle(job)}
        </PageLink>
        <Text size="xs" c="dimmed" truncate>
          {job.immediate ? 'immediate' : 'in windows'}
          {job.retry_of && ', a retry'}
        </Text>
      </Stack>
    ),
  },
  {
    id: 'status',
    header: 'Status',
    meta: { width: 'minmax(165px, 1.2fr)' },
    cell: ({ row: { original: job } }) => (
      <Stack gap={0}>
        <StatusBadge status={job.status} />
        <Text size="xs" c="dimmed" truncate hiddenFrom="sm">
          {countsInWords(job.counts.by_status)}
        </Text>
      </Stack>
    ),
  },
  {
    id: 'hosts',
    header: 'Hosts',
    meta: { width: 'minmax(130px, 2fr)', from: 'sm' },
    cell: ({ row: { original: job } }) => (
      <Stack gap={0}>
        <span>{counted(job.counts.hosts, 'host')}</span>
        <Text size="xs" c="dimmed" truncate title={countsInWords(job.counts.by_status)}>
          {countsInWords(job.counts.by_status)}
        </Text>
      </Stack>
    ),
  },
  {
    id: 'by',
    header: 'By',
    meta: { width: 'minmax(80px, 0.8fr)', from: 'lg' },
    cell: ({ row: { original: job } }) => job.created_by.name,
  },
  {
    id: 'created',
    header: 'Made',
    meta: { width: 'minmax(110px, 1fr)', from: 'md' },
    cell: ({ row: { original: job } }) => <Age at={job.created_at} />,
  },
  {
    id: 'completed',
    header: 'Ended',
    meta: { width: 'minmax(110px, 1fr)', from: 'lg' },
    cell: ({ row: { original: job } }) => <Age at={job.completed_at} never="not yet" />,
  },
];
