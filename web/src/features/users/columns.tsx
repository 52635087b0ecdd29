import { ActionIcon, Group, Menu, Text, Tooltip } from '@mantine/core';
import { IconBan, IconCheck, IconDots } from '@tabler/icons-react';
import type { ColumnDef } from '@tanstack/react-table';
import type { User } from '../../api';
import { Age } from '../../shared/ui/Time';
import type { UserActionName } from './UserAction';

type Act = (user: User, action: UserActionName) => void;

export const userColumns = (act: Act): ColumnDef<User, unknown>[] => [
  {
    id: 'name',
    header: 'User',
    meta: { width: 'minmax(110px, 1.6fr)' },
    cell: ({ row: { original: u } }) => (
      <>
        {u.name}
        {u.display_name && (
          <Text span size="xs" c="dimmed" ml={6}>
            {u.display_name}
          </Text>
        )}
      </>
    ),
  },
  {
    id: 'role',
    header: 'Is',
    meta: { width: 'minmax(110px, 1fr)' },
    cell: ({ row: { original: u } }) => <Role user={u} />,
  },
  {
    id: 'by',
    header: 'Signs in by',
    meta: { width: 'minmax(120px, 1.2fr)', from: 'md' },
    cell: ({ row: { original: u } }) => signsInBy(u),
  },
  {
    id: 'login',
    header: 'Last sign-in',
    meta: { width: 'minmax(100px, 1fr)', from: 'sm' },
    cell: ({ row: { original: u } }) => <Age at={u.last_login_at} />,
  },
  {
    id: 'state',
    header: 'State',
    meta: { width: '100px', from: 'sm' },
    cell: ({ row: { original: u } }) => <State disabled={u.disabled} />,
  },
  {
    id: 'actions',
    header: 'Actions',
    meta: { width: '60px' },
    cell: ({ row: { original: u } }) => <Actions user={u} act={act} />,
  },
];

function signsInBy(user: User): string {
  const ways = [user.has_password && 'password', user.issuer && 'single sign-on'].filter(Boolean);
  return ways.join(', ') || 'tokens only';
}

function Role({ user }: { user: User }) {
  if (!user.admin) return user.disabled ? 'User (disabled)' : 'User';
  if (!user.admin_by_sign_on) return 'Administrator';
  return (
    <Tooltip label="By the groups at the identity provider, which the next sign-on follows">
      <Text span inherit td="underline dotted">
        Administrator by sign-on
      </Text>
    </Tooltip>
  );
}

function State({ disabled }: { disabled: boolean }) {
  const Icon = disabled ? IconBan : IconCheck;
  return (
    <Group gap={4} wrap="nowrap" c={disabled ? 'var(--caution)' : undefined}>
      <Icon size={14} aria-hidden />
      {disabled ? 'Disabled' : 'Active'}
    </Group>
  );
}

function Actions({ user, act }: { user: User; act: Act }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label={`Actions for ${user.name}`}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => act(user, 'edit')}>Edit</Menu.Item>
        <Menu.Item onClick={() => act(user, 'password')}>Reset password</Menu.Item>
        <Menu.Item onClick={() => act(user, 'sessions')}>End sessions</Menu.Item>
        <Menu.Item onClick={() => act(user, 'delete')}>Delete</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
