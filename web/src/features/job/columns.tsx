import { Stack, Text } from '@mantine/core';
import type { ColumnDef } from '@tanstack/react-table';
import type { JobHost } from '../../api';
import { PageLink } from '../../shared/ui/PageLink';
import { StatusBadge } from '../../shared/ui/StatusBadge';
import { Age, Countdown } from '../../shared/ui/Time';
import { Timeline } from './Timeline';
import { waitWord } from './words';

export const columns: ColumnDef<JobHost, unknown>[] = [
  {
    id: 'fqdn',
    header: 'Host',
    meta: { width: 'minmax(110px, 1.3fr)', sort: 'fqdn' },
    cell: ({ row: { original: h } }) => (
      <PageLink
        to="/jobs/$jobId/hosts/$hostId"
        params={{ jobId: h.job_id, hostId: h.host_id }}
        search={(old: object) => old}
        title={h.fqdn}
      >
        {h.fqdn}
      </PageLink>
    ),
  },
  {
    id: 'status',
    header: 'Status',
    meta: { width: 'minmax(150px, 1fr)', sort: 'status' },
    cell: ({ row: { original: h } }) => (
      <Stack gap={0}>
        <StatusBadge status={h.status} phase={h.phase} />
        <Text size="xs" c="dimmed" component="div" visibleFrom={h.wait ? 'md' : undefined}>
          <Next host={h} />
        </Text>
        {h.wait && (
          <Text size="xs" hiddenFrom="md" truncate title={h.wait.detail}>
            {h.wait.detail || waitWord(h.wait.reason)}
          </Text>
        )}
      </Stack>
    ),
  },
  {
    id: 'timeline',
    header: 'Timeline',
    meta: { width: 'minmax(140px, 1.6fr)', from: 'sm' },
    cell: ({ row: { original: h } }) => <Timeline host={h} />,
  },
  {
    id: 'why',
    header: 'Why',
    meta: { width: 'minmax(180px, 2fr)', from: 'md' },
    cell: ({ row: { original: h } }) => <Why host={h} />,
  },
  {
    id: 'changed',
    header: 'Changed',
    meta: { width: 'minmax(100px, 0.8fr)', from: 'sm', sort: 'updated_at' },
    cell: ({ row: { original: h } }) => <Age at={h.updated_at} />,
  },
];

/** What happens next to a host that waits, or how far one is that runs. */
function Next({ host }: { host: JobHost }) {
  if (host.wait?.next_try_at)
    return (
      <>
        tries again <Countdown to={host.wait.next_try_at} />
      </>
    );
  if (host.status === 'waiting_window' && host.span)
    return (
      <>
        begins <Countdown to={host.span.starts_at} />
      </>
    );
  if (host.phase !== 'verifying' && host.status === 'running' && host.progress !== null) return `${host.progress} %`;
  return host.cancel_requested_at ? 'cancel requested' : null;
}

function Why({ host }: { host: JobHost }) {
  const said = host.wait?.detail || host.detail;
  return (
    <Stack gap={0}>
      {host.wait && <span>{waitWord(host.wait.reason)}</span>}
      <Text size={host.wait ? 'xs' : 'sm'} c={host.wait ? 'dimmed' : undefined} truncate title={said}>
        {said}
      </Text>
    </Stack>
  );
}
