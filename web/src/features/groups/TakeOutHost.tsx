import { Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { deleteGroupHostMutation, type Group, type Host } from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';

/** Takes a host out of a group after saying what that means for it. */
export function TakeOutHost({ group, host, onClose }: { group: Group; host: Host; onClose: () => void }) {
  const outdate = useOutdate();
  const remove = useMutation({
    ...deleteGroupHostMutation(),
    onSuccess: () => {
      void outdate('listHosts', 'getGroup', 'listGroups');
      onClose();
    },
  });
  const others = host.group_ids.length - 1;
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Take ${host.fqdn} out of ${group.name}?`}
      verb="Take out"
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ path: { id: group.id, host_id: host.id } })}
    >
      <Text size="sm">
        The windows of {group.name} will no longer hold for it; jobs that wait for one of them decide anew.{' '}
        {others === 0
          ? 'It will be in no group: only administrators will see it.'
          : 'Its other groups stay as they are.'}
      </Text>
    </ConfirmDialog>
  );
}
