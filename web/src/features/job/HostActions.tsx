import { Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { cancelJobHostMutation, getJobHostQueryKey, type JobHostDetail } from '../../api';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { useMayOperate } from './may';
import { SettleDialog } from './SettleDialog';
import { hasEnded } from './steps';

/** What can be done with one host of a job. */
export function HostActions({ host }: { host: JobHostDetail }) {
  const because = useMayOperate(host.host_id);
  const [cancelling, cancel] = useDisclosure();
  const [settling, settle] = useDisclosure();
  const cancelled = host.cancel_requested_at ? 'It is cancelled already.' : undefined;
  return (
    <Group gap="xs">
      <CopyCurl path={`/api/v1/jobs/${host.job_id}/hosts/${host.host_id}`} />
      {host.status === 'indeterminate' && (
        <AllowedButton size="xs" because={because} onClick={settle.open}>
          Settle
        </AllowedButton>
      )}
      {!hasEnded(host.status) && (
        <AllowedButton size="xs" variant="default" because={because ?? cancelled} onClick={cancel.open}>
          Cancel this host
        </AllowedButton>
      )}
      <CancelHost host={host} opened={cancelling} onClose={cancel.close} />
      {settling && <SettleDialog host={host} onClose={settle.close} />}
    </Group>
  );
}

interface Props {
  host: JobHostDetail;
  opened: boolean;
  onClose: () => void;
}

function CancelHost({ host, opened, onClose }: Props) {
  const client = useQueryClient();
  const path = { id: host.job_id, host_id: host.host_id };
  const cancel = useMutation({
    ...cancelJobHostMutation(),
    onSuccess: (data) => {
      client.setQueryData(getJobHostQueryKey({ path }), data);
      onClose();
    },
  });
  return (
    <ConfirmDialog
      opened={opened}
      onClose={onClose}
      title={`Cancel ${host.fqdn}?`}
      verb="Cancel this host"
      pending={cancel.isPending}
      error={cancel.error}
      onConfirm={() => cancel.mutate({ path })}
    >
      <Text size="sm">
        {host.status === 'running'
          ? 'It is being patched: it is followed to its end, for an installation is not broken off.'
          : 'Nothing will be sent to it by this job. The other hosts of the job go on.'}
      </Text>
    </ConfirmDialog>
  );
}
