import { Tabs } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMe } from '../../shared/lib/me';
import { EmptyState } from '../../shared/ui/EmptyState';
import { Page } from '../../shared/ui/Page';
import { Tokens } from '../tokens/Tokens';
import { Users } from './Users';

/** Who may sign in, and the tokens by which programs do. */
export function UsersPage() {
  const me = useMe();
  const { show = 'users', q } = useSearch({ from: '/shell/users' });
  const navigate = useNavigate({ from: '/users' });
  return (
    <Page title="Users and tokens">
      <Tabs
        value={show}
        onChange={(tab) => void navigate({ search: tab === 'tokens' ? { show: 'tokens' } : {}, replace: true })}
        keepMounted={false}
      >
        <Tabs.List aria-label="Users or tokens">
          <Tabs.Tab value="users">Users</Tabs.Tab>
          <Tabs.Tab value="tokens">API tokens</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="users" pt="sm">
          {me.admin ? (
            <Users q={q} />
          ) : (
            <EmptyState title="Only administrators see the users">
              They say who may sign in and what each may do. Your own password, sessions and roles are under Your
              account.
            </EmptyState>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="tokens" pt="sm">
          <Tokens title={me.admin ? 'API tokens of everybody' : 'Your API tokens'} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
