import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getHostQueryKey, type Host, updateHostMutation } from '../../api';
import { HostDialog } from '../hosts/HostDialog';

export function EditHost({ host, onClose }: { host: Host; onClose: () => void }) {
  const client = useQueryClient();
  const path = { id: host.id };
  const update = useMutation({
    ...updateHostMutation(),
    onSuccess: (changed) => {
      client.setQueryData(getHostQueryKey({ path }), changed);
      onClose();
    },
  });
  return (
    <HostDialog
      title={`Edit ${host.fqdn}`}
      verb="Save"
      host={host}
      onClose={onClose}
      save={(body) => update.mutateAsync({ path, body })}
      pending={update.isPending}
      error={update.error}
    />
  );
}
