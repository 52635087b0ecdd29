import { Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import type { ColumnDef } from '@tanstack/react-table';
import { useMemo, useState } from 'react';
import { type Group, type Host, listHosts, listHostsQueryKey } from '../../api';
import { operatorOnly, useMe } from '../../shared/lib/me';
import { usePages } from '../../shared/lib/pages';
import { count } from '../../shared/lib/words';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { HealthBadge } from '../../shared/ui/HealthBadge';
import { PageLink } from '../../shared/ui/PageLink';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { Age } from '../../shared/ui/Time';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { AddHosts } from './AddHosts';
import { TakeOutHost } from './TakeOutHost';

const id = (host: Host) => host.id;

export function GroupHosts({ group }: { group: Group }) {
  const because = operatorOnly(useMe(), [group.id]);
  const [adding, add] = useDisclosure();
  const [leaving, setLeaving] = useState<Host>();
  const query = { group_id: group.id, limit: 100 };
  const hosts = usePages({
    queryKey: listHostsQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listHosts({ query: { ...query, ...(cursor ? { cursor } : {}) }, signal, throwOnError: true })).data,
    id,
  });
  const columns = useMemo(() => columnsWith(setLeaving), []);
  const actions = (
    <AllowedButton
      size="xs"
      variant="default"
      because={because}
      onClick={add.open}
      leftSection={<IconPlus size={14} aria-hidden />}
    >
      Add hosts
    </AllowedButton>
  );
  return (
    <Section title={count(group.host_count, 'host')} actions={actions}>
      {hosts.error && <ProblemAlert error={hosts.error} retry={() => void hosts.refetch()} />}
      {hosts.isSuccess && hosts.items.length === 0 ? (
        <Text size="sm">
          No hosts yet. Who has a role in the group sees and patches the hosts that are put into it.
        </Text>
      ) : (
        <VirtualTable
          label="Hosts of the group"
          columns={columns}
          rows={hosts.items}
          rowId={id}
          onView={hosts.see}
          loading={hosts.isLoading}
        />
      )}
      {adding && <AddHosts group={group} onClose={add.close} />}
      {leaving && <TakeOutHost group={group} host={leaving} onClose={() => setLeaving(undefined)} />}
    </Section>
  );
}

const columnsWith = (takeOut: (host: Host) => void): ColumnDef<Host, unknown>[] => [
  {
    id: 'fqdn',
    header: 'Host',
    meta: { width: 'minmax(130px, 2fr)' },
    cell: ({ row }) => (
      <PageLink to="/hosts/$hostId" params={{ hostId: row.original.id }}>
        {row.original.fqdn}
      </PageLink>
    ),
  },
  {
    id: 'health',
    header: 'Health',
    meta: { width: 'minmax(100px, 1fr)' },
    cell: ({ row }) => <HealthBadge state={row.original.health.state} stale={row.original.health.stale} />,
  },
  {
    id: 'agent',
    header: 'Agent seen',
    meta: { width: 'minmax(110px, 1fr)', from: 'md' },
    cell: ({ row }) => <Age at={row.original.agent.last_seen_at} />,
  },
  {
    id: 'actions',
    header: 'Actions',
    meta: { width: '86px' },
    cell: ({ row }) => <TakeOutButton host={row.original} onClick={() => takeOut(row.original)} />,
  },
];

function TakeOutButton({ host, onClick }: { host: Host; onClick: () => void }) {
  const me = useMe();
  const last = !me.admin && host.group_ids.length < 2 ? 'Only administrators take a host out of its last group.' : '';
  return (
    <AllowedButton
      size="compact-xs"
      variant="default"
      because={operatorOnly(me, host.group_ids) ?? (last || undefined)}
      onClick={onClick}
      aria-label={`Take out ${host.fqdn}`}
    >
      Take out
    </AllowedButton>
  );
}
