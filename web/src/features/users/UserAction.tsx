import { Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import {
  deleteUserMutation,
  deleteUserSessionsMutation,
  listTokensOptions,
  type TokenList,
  type User,
} from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { count } from '../../shared/lib/words';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { ResetPassword } from './ResetPassword';
import { UserDialog } from './UserDialog';

export type UserActionName = 'edit' | 'password' | 'sessions' | 'delete';

interface Props {
  user: User;
  onClose: () => void;
}

/** The dialog of what shall be done with a user. */
export function UserAction({ action, ...rest }: Props & { action: UserActionName }) {
  switch (action) {
    case 'edit':
      return <UserDialog {...rest} />;
    case 'password':
      return <ResetPassword {...rest} />;
    case 'sessions':
      return <EndSessions {...rest} />;
    case 'delete':
      return <DeleteUser {...rest} />;
  }
}

function EndSessions({ user, onClose }: Props) {
  const end = useMutation({ ...deleteUserSessionsMutation(), onSuccess: onClose });
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`End all sessions of ${user.name}?`}
      verb="End sessions"
      pending={end.isPending}
      error={end.error}
      onConfirm={() => end.mutate({ path: { id: user.id } })}
    >
      <Text size="sm">
        {user.name} is signed out everywhere and can sign in again. Tokens stay; disable the user to stop those too.
      </Text>
    </ConfirmDialog>
  );
}

function DeleteUser({ user, onClose }: Props) {
  const outdate = useOutdate();
  const tokens = useQuery({
    ...listTokensOptions({ query: { user_id: user.id, limit: 200 } }),
    refetchOnMount: 'always',
  });
  const remove = useMutation({
    ...deleteUserMutation(),
    onSuccess: () => {
      void outdate('listUsers', 'listTokens', 'listGroupUsers', 'listGroups', 'getGroup');
      onClose();
    },
  });
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Delete the user ${user.name}?`}
      verb="Delete user"
      because={tokens.isFetching ? 'Which tokens the user has is being looked up.' : undefined}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ path: { id: user.id } })}
    >
      <Text size="sm">
        Sessions and roles in groups go too, and {owned(tokens.isFetching ? undefined : tokens.data)}, so that what uses
        them stops. Jobs and the audit keep the name. To keep the account and shut it, disable it instead.
      </Text>
    </ConfirmDialog>
  );
}

/** The tokens by number and name; not as none before they are known. */
function owned(tokens: TokenList | undefined): string {
  if (!tokens) return 'the API tokens';
  const names = tokens.items.map((t) => t.name);
  const more = tokens.next_cursor ? ' and more' : '';
  return names.length > 0 ? `${count(names.length, 'API token')} (${names.join(', ')}${more})` : 'no API token';
}
