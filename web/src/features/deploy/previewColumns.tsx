import { Stack, Text } from '@mantine/core';
import type { ColumnDef } from '@tanstack/react-table';
import type { PreviewHost } from '../../api';
import { HealthBadge } from '../../shared/ui/HealthBadge';
import { Countdown, Span } from '../../shared/ui/Time';
import { waitsAtGate } from './usePreview';

export const columns: ColumnDef<PreviewHost, unknown>[] = [
  {
    id: 'fqdn',
    header: 'Host',
    meta: { width: 'minmax(110px, 1.4fr)' },
    cell: ({ row: { original: h } }) => (
      <Stack gap={0} miw={0}>
        <Text inherit truncate>
          {h.fqdn}
        </Text>
        <Text size="xs" hiddenFrom="sm" component="div">
          <Start host={h} />
        </Text>
      </Stack>
    ),
  },
  {
    id: 'health',
    header: 'Health now',
    meta: { width: 'minmax(110px, 1fr)' },
    cell: ({ row: { original: h } }) => <HealthBadge state={h.health.state} stale={h.health.stale} />,
  },
  {
    id: 'pending',
    header: 'Pending',
    meta: { width: '80px', from: 'sm' },
    cell: ({ row: { original: h } }) => h.pending_patches ?? '–',
  },
  {
    id: 'start',
    header: 'Earliest start',
    meta: { width: 'minmax(120px, 1.2fr)', from: 'sm' },
    cell: ({ row: { original: h } }) => <Start host={h} />,
  },
  {
    id: 'span',
    header: 'Window',
    meta: { width: 'minmax(290px, 1.8fr)', from: 'md' },
    cell: ({ row: { original: h } }) => (h.span ? <Span from={h.span.starts_at} to={h.span.ends_at} /> : '–'),
  },
  {
    id: 'note',
    header: 'Besides',
    meta: { width: 'minmax(150px, 1.6fr)', from: 'lg' },
    cell: ({ row: { original: h } }) => <span title={note(h)}>{note(h)}</span>,
  },
];

function Start({ host }: { host: PreviewHost }) {
  if (!host.earliest_start_at)
    return (
      <Text span size="sm" c="var(--caution)">
        not at all
      </Text>
    );
  return (
    <Stack gap={0}>
      <Countdown to={host.earliest_start_at} />
      {waitsAtGate(host) && <Text size="xs">once healthy</Text>}
    </Stack>
  );
}

function note(host: PreviewHost): string {
  if (host.excluded) return host.excluded.detail;
  return host.busy ? 'Another job patches it now; it waits for that' : '';
}
