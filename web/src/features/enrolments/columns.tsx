import { Button, Group, Text } from '@mantine/core';
import type { ColumnDef } from '@tanstack/react-table';
import type { Enrolment } from '../../api';
import { Age } from '../../shared/ui/Time';
import { statuses } from './search';

type Decide = (enrolment: Enrolment, approve: boolean) => void;

export const enrolmentColumns = (decide: Decide): ColumnDef<Enrolment, unknown>[] => [
  {
    id: 'fqdn',
    header: 'Machine',
    meta: { width: 'minmax(110px, 2fr)' },
    cell: ({ row }) => row.original.fqdn,
  },
  {
    id: 'address',
    header: 'Address',
    meta: { width: 'minmax(100px, 1fr)', from: 'md' },
    cell: ({ row }) => row.original.ip_address,
  },
  {
    id: 'from',
    header: 'Asked from',
    meta: { width: 'minmax(100px, 1fr)', from: 'lg' },
    cell: ({ row }) => row.original.remote_address,
  },
  {
    id: 'asked',
    header: 'Asked',
    meta: { width: 'minmax(110px, 1fr)', from: 'sm' },
    cell: ({ row }) => <Age at={row.original.created_at} />,
  },
  {
    id: 'status',
    header: 'Decision',
    meta: { width: 'minmax(150px, 1.2fr)' },
    cell: ({ row: { original: e } }) => <Decision enrolment={e} decide={decide} />,
  },
];

function Decision({ enrolment, decide }: { enrolment: Enrolment; decide: Decide }) {
  if (enrolment.status !== 'pending') {
    const word = statuses.find((s) => s.value === enrolment.status)?.label ?? enrolment.status;
    return (
      <>
        {word}
        {enrolment.decided_by && (
          <Text span size="xs" c="dimmed">
            {' '}
            by {enrolment.decided_by}
          </Text>
        )}
      </>
    );
  }
  const name = enrolment.fqdn;
  return (
    <Group gap={6} wrap="nowrap">
      <Button size="compact-xs" onClick={() => decide(enrolment, true)} aria-label={`Approve ${name}`}>
        Approve
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => decide(enrolment, false)} aria-label={`Deny ${name}`}>
        Deny
      </Button>
    </Group>
  );
}
