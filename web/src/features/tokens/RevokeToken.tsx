import { Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { deleteTokenMutation, type Token } from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { Age } from '../../shared/ui/Time';

/** Revokes a token after saying what stops working. */
export function RevokeToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const outdate = useOutdate();
  const revoke = useMutation({
    ...deleteTokenMutation(),
    onSuccess: () => {
      void outdate('listTokens');
      onClose();
    },
  });
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Revoke the token ${token.name}?`}
      verb="Revoke token"
      pending={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ path: { token_id: token.id } })}
    >
      <Text size="sm">
        What {token.owner} uses it for stops working at once, and so do the tokens that were made with it. It was last
        used: <Age at={token.last_used_at} />.
      </Text>
    </ConfirmDialog>
  );
}
