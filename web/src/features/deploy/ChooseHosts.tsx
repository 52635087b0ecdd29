import { Group, Select, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type Host, listHosts, listHostsQueryKey } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { clean } from '../../shared/lib/search';
import { count as counted } from '../../shared/lib/words';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { EmptyState } from '../../shared/ui/EmptyState';
import { Page } from '../../shared/ui/Page';
import { PageLink } from '../../shared/ui/PageLink';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { SearchBox } from '../../shared/ui/SearchBox';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { GroupMultiSelect } from '../groups/GroupSelect';
import { columns } from '../hosts/columns';
import { linkable } from '../hosts/search';
import { type DeploySearch, someTarget, type Targets } from './search';
import { useHostSelection } from './useHostSelection';

const id = (host: Host) => host.id;

interface Props {
  search: DeploySearch;
  targets: Targets;
}

/** Chooses hosts, whole groups, or all that match. */
export function ChooseHosts({ search, targets }: Props) {
  const navigate = useNavigate({ from: '/deploy' });
  const filter = clean({ q: search.q, health: search.health });
  const query = { ...filter, limit: 100 };
  const hosts = usePages({
    queryKey: listHostsQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listHosts({ query: cursor ? { ...query, cursor } : query, signal, throwOnError: true })).data,
    id,
  });
  const selection = useHostSelection({ targets, filter, hosts: hosts.items });
  const none = hosts.isSuccess && hosts.items.length === 0;
  if (none && !search.q && !search.health)
    return (
      <Page title="Deploy">
        <EmptyState title="No hosts yet" action={<PageLink to="/hosts">To the hosts</PageLink>}>
          A deployment installs pending packages on hosts. There is no host yet that it could be for.
        </EmptyState>
      </Page>
    );
  return (
    <Page
      title="Deploy: choose hosts"
      actions={
        <AllowedButton
          size="xs"
          because={someTarget(targets) ? undefined : 'Choose at least one host or group first.'}
          onClick={() => void navigate({ search: (old) => ({ ...old, choose: undefined }) })}
        >
          {inWords(targets)}
        </AllowedButton>
      }
    >
      <Filters search={search} targets={targets} />
      <Single count={targets.host_ids?.length ?? 0} />
      <ProblemAlert error={hosts.error} />
      {none && <Text size="sm">No host matches.</Text>}
      {!none && (
        <VirtualTable
          label="Hosts to choose from"
          columns={columns}
          rows={hosts.items}
          rowId={id}
          total={hosts.total}
          onView={hosts.see}
          loading={hosts.isLoading}
          selection={selection}
          from={JSON.stringify(filter)}
        />
      )}
    </Page>
  );
}

/** How many single hosts are chosen, and what to do where they are not enough. */
function Single({ count }: { count: number }) {
  return (
    <Text size="sm" c="dimmed" role="status">
      {count > 0 && `${count} of at most ${linkable} single hosts chosen.`}
      {count >= linkable && ' For more, choose whole groups, or narrow the filter and select all that match.'}
    </Text>
  );
}

function inWords({ host_ids = [], group_ids = [], matching }: Targets): string {
  const parts = [];
  if (matching) parts.push('all that match');
  if (host_ids.length > 0) parts.push(counted(host_ids.length, 'host'));
  if (group_ids.length > 0) parts.push(counted(group_ids.length, 'group'));
  return parts.length > 0 ? `Continue with ${parts.join(' and ')}` : 'Continue';
}

function Filters({ search, targets }: Props) {
  const navigate = useNavigate({ from: '/deploy' });
  const set = (part: { [K in keyof DeploySearch]: DeploySearch[K] | undefined }) =>
    void navigate({ search: (old) => clean({ ...old, ...part, choose: true as const }), replace: true });
  return (
    <Group gap="xs">
      <SearchBox
        label="Search hosts"
        placeholder="Name or address"
        value={search.q ?? ''}
        onSearch={(q) => set({ q: q || undefined, matching: undefined })}
        w={230}
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
        onChange={(health) => set({ health: (health ?? undefined) as DeploySearch['health'], matching: undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any health' }}
        w={150}
      />
      <GroupMultiSelect
        aria-label="Whole groups"
        placeholder={targets.group_ids ? undefined : 'Whole groups'}
        value={targets.group_ids ?? []}
        onChange={(ids) => set({ group_ids: ids.join(',') || undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'No group' }}
        miw={230}
        maw={420}
      />
    </Group>
  );
}
