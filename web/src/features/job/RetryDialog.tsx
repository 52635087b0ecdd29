import { Checkbox, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type Job, listJobHostsOptions, type RetryInput, retryJobMutation } from '../../api';
import { useKeys } from '../../shared/lib/key';
import { count as counted } from '../../shared/lib/words';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { statusWord } from '../../shared/ui/StatusBadge';

type Status = NonNullable<RetryInput['statuses']>[number];
const offered: readonly Status[] = ['failed', 'skipped', 'cancelled'];

/** Makes a new job of those hosts of a job that did not come through. */
export function RetryDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const navigate = useNavigate();
  const keyOf = useKeys();
  const there = offered.filter((s) => (job.counts.by_status[s] ?? 0) > 0);
  const [statuses, setStatuses] = useState<Status[]>(there.slice(0, 1));
  const retry = useMutation({
    ...retryJobMutation(),
    onSuccess: (made) => void navigate({ to: '/jobs/$jobId', params: { jobId: made.id } }),
  });
  const count = statuses.reduce((sum, s) => sum + (job.counts.by_status[s] ?? 0), 0);
  const when = job.immediate ? 'now, outside of windows too' : 'in their next windows';
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title={`Retry ${counted(count, 'host')}?`}
      verb={`Retry ${counted(count, 'host')}`}
      danger={false}
      because={statuses.length === 0 ? 'Choose which hosts: nothing is ticked.' : undefined}
      pending={retry.isPending || retry.isSuccess}
      error={retry.error}
      onConfirm={() =>
        retry.mutate({ path: { id: job.id }, body: { statuses }, headers: { 'Idempotency-Key': keyOf(statuses) } })
      }
    >
      <Text size="sm">
        A new job with the same settings patches them {when}. Each waits for its health checks again.
      </Text>
      <Checkbox.Group value={statuses} onChange={(s) => setStatuses(s as Status[])} label="Which hosts">
        {there.map((s) => (
          <Checkbox key={s} my={6} value={s} label={`${job.counts.by_status[s]} ${statusWord(s).toLowerCase()}`} />
        ))}
      </Checkbox.Group>
      {statuses.map((s) => (
        <Names key={s} job={job} status={s} />
      ))}
    </ConfirmDialog>
  );
}

function Names({ job, status }: { job: Job; status: Status }) {
  const hosts = useQuery(listJobHostsOptions({ path: { id: job.id }, query: { status, limit: 10 } }));
  const names = hosts.data?.items.map((h) => h.fqdn) ?? [];
  const more = (job.counts.by_status[status] ?? 0) - names.length;
  return (
    <Text size="sm" c="dimmed">
      {names.join(', ')}
      {names.length > 0 && more > 0 && ` and ${more} more`}
    </Text>
  );
}
