import { List, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { cancelJobMutation, getJobQueryKey, type Job } from '../../api';
import { problemOf } from '../../shared/lib/problem';
import { count as counted } from '../../shared/lib/words';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { hasEnded } from './steps';

interface Props {
  job: Job;
  opened: boolean;
  onClose: () => void;
}

/** Cancels a whole job, and says what becomes of its hosts. */
export function CancelJobDialog({ job, opened, onClose }: Props) {
  const client = useQueryClient();
  const cancel = useMutation({
    ...cancelJobMutation(),
    onSuccess: (data) => {
      client.setQueryData(getJobQueryKey({ path: { id: job.id } }), data);
      onClose();
    },
  });
  const count = (of: (status: string) => boolean) =>
    Object.entries(job.counts.by_status).reduce((sum, [status, n]) => sum + (of(status) ? n : 0), 0);
  const running = count((s) => s === 'running');
  const waiting = count((s) => s !== 'running' && !hasEnded(s));
  const outOfScope = cancel.error && problemOf(cancel.error).code === 'out_of_scope';
  return (
    <ConfirmDialog
      opened={opened}
      onClose={onClose}
      title="Cancel this job?"
      verb={`Cancel ${counted(waiting + running, 'host')}`}
      pending={cancel.isPending}
      error={cancel.error}
      onConfirm={() => cancel.mutate({ path: { id: job.id } })}
    >
      <List size="sm">
        {waiting > 0 && (
          <List.Item>{counted(waiting, 'host')} not begun: cancelled at once, nothing is sent.</List.Item>
        )}
        {running > 0 && (
          <List.Item>
            {counted(running, 'host')} being patched: followed to the end, for an installation is not broken off.
          </List.Item>
        )}
        <List.Item>Hosts that have ended stay as they are.</List.Item>
      </List>
      {outOfScope && (
        <Text size="sm">
          This job has hosts that you do not operate, so that you can not cancel the whole of it. Open a host of yours
          in the table and cancel that one.
        </Text>
      )}
    </ConfirmDialog>
  );
}
