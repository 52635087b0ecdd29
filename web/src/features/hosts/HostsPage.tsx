import { Group, Select, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import { type Host, listHosts, listHostsQueryKey } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { EmptyState } from '../../shared/ui/EmptyState';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { columns } from './columns';
import type { HostsSearch } from './search';

const id = (host: Host) => host.id;

export function HostsPage() {
  const search = useSearch({ from: '/shell/hosts' });
  const filtered = Object.keys(search).length > 0;
  const query = { ...search, limit: 100 };
  const hosts = usePages({
    queryKey: listHostsQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listHosts({ query: { ...query, cursor }, signal, throwOnError: true })).data,
    id,
  });
  return (
    <Page title="Hosts">
      <Filters search={search} />
      {hosts.error && <ProblemAlert error={hosts.error} retry={() => void hosts.refetch()} />}
      {hosts.isSuccess && hosts.items.length === 0 && !filtered ? (
        <EmptyState title="No hosts yet">Hosts are what is patched.</EmptyState>
      ) : (
        <VirtualTable
          label="Hosts"
          columns={columns}
          rows={hosts.items}
          rowId={id}
          onView={hosts.see}
          loading={hosts.isLoading}
        />
      )}
      {hosts.isSuccess && hosts.items.length === 0 && filtered && <Text size="sm">No host matches.</Text>}
    </Page>
  );
}

function Filters({ search }: { search: HostsSearch }) {
  const navigate = useNavigate({ from: '/hosts' });
  const box = useRef<HTMLInputElement>(null);
  const set = (part: HostsSearch) => void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const setQ = useDebouncedCallback((q: string) => set({ q: q || undefined }), 200);
  return (
    <Group gap="xs">
      <TextInput
        ref={box}
        aria-label="Search hosts"
        placeholder="Name or address"
        leftSection={<IconSearch size={16} aria-hidden />}
        defaultValue={search.q ?? ''}
        onChange={(e) => setQ(e.currentTarget.value)}
        w={260}
      />
      <Select
        aria-label="Health"
        placeholder="Any health"
        data={[
          { value: 'unhealthy', label: 'Unhealthy' },
          { value: 'unknown', label: 'Unknown' },
          { value: 'healthy', label: 'Healthy' },
          { value: 'none', label: 'No checks' },
        ]}
        value={search.health ?? null}
        onChange={(health) => set({ health: (health ?? undefined) as HostsSearch['health'] })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any health' }}
        w={150}
      />
    </Group>
  );
}
