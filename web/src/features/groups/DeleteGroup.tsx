import { List, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { deleteGroupMutation, type Group, listGroupWindowsOptions } from '../../api';
import { queryClient } from '../../shared/lib/queryClient';
import { count } from '../../shared/lib/words';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';

/** Deletes a group after naming what goes with it. */
export function DeleteGroup({ group, onClose }: { group: Group; onClose: () => void }) {
  const navigate = useNavigate();
  const windows = useQuery(listGroupWindowsOptions({ path: { id: group.id }, query: { limit: 200 } }));
  const remove = useMutation({
    ...deleteGroupMutation(),
    onSuccess: async () => {
      await navigate({ to: '/groups', search: {} });
      await queryClient.invalidateQueries();
    },
  });
  const names = windows.data?.items.map((w) => w.label || `${w.recurrence} ${w.kind}`) ?? [];
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Delete the group ${group.name}?`}
      verb="Delete group"
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ path: { id: group.id } })}
    >
      <List size="sm" spacing={4}>
        <List.Item>
          {count(group.host_count, 'host')} will no longer be in it. They stay, but one that is in no other group is
          seen by administrators alone.
        </List.Item>
        <List.Item>{count(group.user_count, 'user')} will lose what they may do by it.</List.Item>
        <List.Item>
          {names.length === 0
            ? 'No maintenance windows go with it.'
            : `${count(names.length, 'window')} will be deleted: ${names.join(', ')}.`}
        </List.Item>
      </List>
      <Text size="sm">Jobs that wait for one of its windows decide anew. Patches that are under way go on.</Text>
    </ConfirmDialog>
  );
}
