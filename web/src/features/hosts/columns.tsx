import { Text } from '@mantine/core';
import type { ColumnDef } from '@tanstack/react-table';
import type { Host } from '../../api';
import { HealthBadge } from '../../shared/ui/HealthBadge';
import { Age, Span } from '../../shared/ui/Time';

export const columns: ColumnDef<Host, unknown>[] = [
  { id: 'fqdn', header: 'Host', meta: { width: 'minmax(160px, 2fr)' }, cell: ({ row }) => row.original.fqdn },
  {
    id: 'health',
    header: 'Health',
    meta: { width: 'minmax(110px, 1.2fr)' },
    cell: ({ row: { original: h } }) => <HealthBadge state={h.health.state}>{counts(h)}</HealthBadge>,
  },
  {
    id: 'agent',
    header: 'Agent seen',
    meta: { width: 'minmax(110px, 1fr)', from: 'md' },
    cell: ({ row: { original: h } }) => <Age at={h.agent.last_seen_at} />,
  },
  {
    id: 'pending',
    header: 'Pending',
    meta: { width: '80px', from: 'sm' },
    cell: ({ row: { original: h } }) => h.pending_patches ?? '–',
  },
  {
    id: 'span',
    header: 'Next window',
    meta: { width: 'minmax(150px, 1.6fr)', from: 'lg' },
    cell: ({ row: { original: h } }) =>
      h.span ? (
        <Span from={h.span.starts_at} to={h.span.ends_at} />
      ) : (
        <Text span size="sm" c="dimmed">
          none
        </Text>
      ),
  },
];

/** 2 of 3, where not all are healthy. */
function counts(host: Host): string | undefined {
  const { healthy, unhealthy, unknown } = host.health;
  const all = healthy + unhealthy + unknown;
  return healthy < all ? `${healthy} of ${all}` : undefined;
}
