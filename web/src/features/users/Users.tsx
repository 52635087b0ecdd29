import { Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { listUsers, listUsersQueryKey, type User } from '../../api';
import { usePages } from '../../shared/lib/pages';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { SearchBox } from '../../shared/ui/SearchBox';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { userColumns } from './columns';
import { UserAction, type UserActionName } from './UserAction';
import { UserDialog } from './UserDialog';

const id = (user: User) => user.id;

export function Users({ q }: { q: string | undefined }) {
  const [creating, create] = useDisclosure();
  const [acting, setActing] = useState<{ user: User; action: UserActionName }>();
  const query = { limit: 100, ...(q ? { q } : {}) };
  const users = usePages({
    queryKey: listUsersQueryKey({ query }),
    fetchPage: async (cursor, signal) =>
      (await listUsers({ query: { ...query, ...(cursor ? { cursor } : {}) }, signal, throwOnError: true })).data,
    id,
    unannounced: true,
  });
  const columns = useMemo(() => userColumns((user, action) => setActing({ user, action })), []);
  return (
    <Stack gap="sm">
      <Group gap="xs" justify="space-between">
        <Search q={q} />
        <Group gap="xs">
          <CopyCurl path={`/api/v1/users${q ? `?q=${encodeURIComponent(q)}` : ''}`} />
          <AllowedButton size="xs" onClick={create.open} leftSection={<IconPlus size={14} aria-hidden />}>
            New user
          </AllowedButton>
        </Group>
      </Group>
      {users.error && <ProblemAlert error={users.error} retry={() => void users.refetch()} />}
      <VirtualTable
        label="Users"
        columns={columns}
        rows={users.items}
        rowId={id}
        onView={users.see}
        loading={users.isLoading}
      />
      {users.isSuccess && users.items.length === 0 && <Text size="sm">No user matches.</Text>}
      {creating && <UserDialog onClose={create.close} />}
      {acting && <UserAction {...acting} onClose={() => setActing(undefined)} />}
    </Stack>
  );
}

function Search({ q }: { q: string | undefined }) {
  const navigate = useNavigate({ from: '/users' });
  const search = (text: string) => void navigate({ search: text ? { q: text } : {}, replace: true });
  return <SearchBox label="Search users" placeholder="Name" value={q ?? ''} onSearch={search} maw={260} />;
}
