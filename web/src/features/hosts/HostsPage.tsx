import { Text } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type Host, listHosts, listHostsQueryKey } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { clean } from '../../shared/lib/search';
import { count } from '../../shared/lib/words';
import { CopyCurl, curl } from '../../shared/ui/CopyCurl';
import { CsvLink } from '../../shared/ui/CsvLink';
import { EmptyState } from '../../shared/ui/EmptyState';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { ActiveFilters } from './ActiveFilters';
import { AddHost } from './AddHost';
import { columns } from './columns';
import { Filters } from './Filters';
import { SelectionBar } from './SelectionBar';
import { type HostFilter, type HostsSearch, hostsPath } from './search';
import { useSelection } from './selection';

const id = (host: Host) => host.id;

export function HostsPage() {
  const search = useSearch({ from: '/shell/hosts' });
  const navigate = useNavigate({ from: '/hosts' });
  const set = (part: HostsSearch) => void navigate({ search: (old) => clean({ ...old, ...part }), replace: true });
  const { sort, ...filter } = search;
  const filterKey = JSON.stringify(filter);
  const hosts = useHosts(search);
  const selection = useSelection(filterKey, hosts.items);
  const none = hosts.isSuccess && !hosts.isPlaceholderData && hosts.items.length === 0;
  if (none && filterKey === '{}') return <NoHosts />;
  return (
    <Page
      title="Hosts"
      actions={
        <>
          <CopyCurl path={hostsPath(search)} />
          <CsvLink path="/hosts" query={search} />
          <AddHost />
        </>
      }
    >
      <Filters filter={filter} set={set} />
      <ActiveFilters
        filter={filter}
        set={set}
        clear={() => void navigate({ search: clean({ sort }), replace: true })}
      />
      {hosts.error && <ProblemAlert error={hosts.error} retry={() => void hosts.refetch()} />}
      <SelectionBar
        chosen={selection.chosen}
        total={hosts.total ?? 0}
        filter={filter}
        keep={(kept) => selection.set({ all: false, hosts: new Map(kept.map((h) => [h.id, h])) })}
      />
      <Text size="sm" c="dimmed" role="status">
        {none ? 'No host matches.' : hosts.isSuccess && matching(hosts.total ?? 0, filter)}
      </Text>
      <VirtualTable
        label="Hosts"
        columns={columns}
        rows={hosts.items}
        rowId={id}
        total={hosts.total}
        onView={hosts.see}
        sort={{ by: sort ?? 'fqdn', set: (by) => set({ sort: by as HostsSearch['sort'] }) }}
        selection={selection.table}
        loading={hosts.isLoading}
        from={JSON.stringify(search)}
      />
    </Page>
  );
}

function useHosts(search: HostsSearch) {
  const query = { ...search, limit: 100 };
  return usePages({
    queryKey: listHostsQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listHosts({ query: cursor ? { ...query, cursor } : query, signal, throwOnError: true })).data,
    id,
    refetchInterval: 30_000,
  });
}

function matching(total: number, filter: HostFilter): string {
  const match = total === 1 ? 'matches' : 'match';
  return Object.keys(filter).length > 0 ? `${count(total, 'host')} ${match}.` : `${count(total, 'host')}.`;
}

function NoHosts() {
  return (
    <Page title="Hosts">
      <EmptyState
        title="No hosts yet"
        action={<AddHost />}
        command={curl('POST', '/api/v1/hosts', { fqdn: 'web-01.example.com', labels: { env: 'prod' } })}
      >
        Hosts are what is patched: Linux machines that run the agent. A host is patched inside its maintenance windows,
        and only while all of its health checks are healthy.
      </EmptyState>
    </Page>
  );
}
