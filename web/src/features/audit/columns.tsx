import { Stack, Text, UnstyledButton } from '@mantine/core';
import type { ColumnDef } from '@tanstack/react-table';
import type { AuditEntry } from '../../api';
import { Age, Instant } from '../../shared/ui/Time';

export const auditColumns = (open: (entry: AuditEntry) => void): ColumnDef<AuditEntry, unknown>[] => [
  {
    id: 'at',
    header: 'When',
    meta: { width: 'minmax(225px, 1fr)', from: 'sm' },
    cell: ({ row }) => <Instant at={row.original.at} />,
  },
  {
    id: 'action',
    header: 'What',
    meta: { width: 'minmax(130px, 1.2fr)' },
    cell: ({ row: { original: e } }) => (
      <Stack gap={0}>
        <UnstyledButton fz="inherit" fw={500} c="var(--accent)" onClick={() => open(e)} aria-haspopup="dialog">
          {e.action}
        </UnstyledButton>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          <Age at={e.at} />
        </Text>
      </Stack>
    ),
  },
  {
    id: 'actor',
    header: 'Who',
    meta: { width: 'minmax(80px, 0.8fr)' },
    cell: ({ row }) => row.original.actor.name || '–',
  },
  {
    id: 'subject',
    header: 'To what',
    meta: { width: 'minmax(140px, 1.6fr)', from: 'md' },
    cell: ({ row: { original: e } }) => `${e.subject_type} ${e.subject_id}`,
  },
  {
    id: 'from',
    header: 'From',
    meta: { width: '120px', from: 'lg' },
    cell: ({ row }) => row.original.remote_addr || '–',
  },
];
