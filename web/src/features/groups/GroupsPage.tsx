import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { type Group, listGroups, listGroupsQueryKey } from '../../api';
import { adminOnly, useMe } from '../../shared/lib/me';
import { usePages } from '../../shared/lib/pages';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { CopyCurl, curl } from '../../shared/ui/CopyCurl';
import { EmptyState } from '../../shared/ui/EmptyState';
import { Page } from '../../shared/ui/Page';
import { PageLink } from '../../shared/ui/PageLink';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { SearchBox } from '../../shared/ui/SearchBox';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { GroupDialog } from './GroupDialog';

const id = (group: Group) => group.id;

const columns: ColumnDef<Group, unknown>[] = [
  {
    id: 'name',
    header: 'Group',
    meta: { width: 'minmax(140px, 1.4fr)' },
    cell: ({ row: { original: g } }) => (
      <PageLink to="/groups/$groupId" params={{ groupId: g.id }} fw={500}>
        {g.name}
      </PageLink>
    ),
  },
  {
    id: 'description',
    header: 'Description',
    meta: { width: 'minmax(160px, 3fr)', from: 'sm' },
    cell: ({ row }) => row.original.description,
  },
  { id: 'hosts', header: 'Hosts', meta: { width: '70px' }, cell: ({ row }) => row.original.host_count },
  { id: 'users', header: 'Users', meta: { width: '70px' }, cell: ({ row }) => row.original.user_count },
];

export function GroupsPage() {
  const { q } = useSearch({ from: '/shell/groups' });
  const [creating, dialog] = useDisclosure();
  const query = { ...(q ? { q } : {}), limit: 100 };
  const groups = usePages({
    queryKey: listGroupsQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listGroups({ query: { ...query, ...(cursor ? { cursor } : {}) }, signal, throwOnError: true })).data,
    id,
  });
  const none = groups.isSuccess && groups.items.length === 0;
  return (
    <Page title="Groups" actions={<Actions q={q} onCreate={dialog.open} />}>
      <Search q={q} />
      {groups.error && <ProblemAlert error={groups.error} retry={() => void groups.refetch()} />}
      {none ? (
        <Nothing filtered={!!q} onCreate={dialog.open} />
      ) : (
        <VirtualTable
          label="Groups"
          columns={columns}
          rows={groups.items}
          rowId={id}
          onView={groups.see}
          loading={groups.isLoading}
        />
      )}
      {creating && <GroupDialog onClose={dialog.close} />}
    </Page>
  );
}

function Actions({ q, onCreate }: { q: string | undefined; onCreate: () => void }) {
  return (
    <>
      <CopyCurl path={`/api/v1/groups${q ? `?q=${encodeURIComponent(q)}` : ''}`} />
      <CreateButton onCreate={onCreate} />
    </>
  );
}

function CreateButton({ onCreate }: { onCreate: () => void }) {
  const because = adminOnly(useMe());
  return (
    <AllowedButton size="xs" because={because} onClick={onCreate} leftSection={<IconPlus size={14} aria-hidden />}>
      New group
    </AllowedButton>
  );
}

function Search({ q }: { q: string | undefined }) {
  const navigate = useNavigate({ from: '/groups' });
  const search = (text: string) => void navigate({ search: text ? { q: text } : {}, replace: true });
  return <SearchBox label="Search groups" placeholder="Name" value={q ?? ''} onSearch={search} maw={260} />;
}

function Nothing({ filtered, onCreate }: { filtered: boolean; onCreate: () => void }) {
  const { admin } = useMe();
  if (filtered) return <EmptyState title="No group matches">Search by a part of its name.</EmptyState>;
  if (!admin) {
    return (
      <EmptyState title="You are in no group">
        A group says which hosts you see and may patch. Ask an administrator to give you a role in one.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title="No groups yet"
      action={<CreateButton onCreate={onCreate} />}
      command={curl('POST', '/api/v1/groups', { name: 'Web servers' })}
    >
      A group joins hosts and the people who look after them: its operators patch its hosts, its viewers see them, and
      its maintenance windows hold for all of its hosts.
    </EmptyState>
  );
}
