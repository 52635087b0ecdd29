import { useDisclosure } from '@mantine/hooks';
import type { Job } from '../../api';
import { someOperatorOnly, useMe } from '../../shared/lib/me';
import { count as counted } from '../../shared/lib/words';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { CancelJobDialog } from './CancelJobDialog';
import { RetryDialog } from './RetryDialog';

export function JobActions({ job }: { job: Job }) {
  const me = useMe();
  const [retrying, retry] = useDisclosure();
  const [cancelling, cancel] = useDisclosure();
  const failed = job.counts.by_status.failed ?? 0;
  const retriable = failed + (job.counts.by_status.cancelled ?? 0) + (job.counts.by_status.skipped ?? 0);
  const because = someOperatorOnly(me);
  const cancelled = job.cancel_requested_at ? 'This job is cancelled already.' : undefined;
  return (
    <>
      <CopyCurl path={`/api/v1/jobs/${job.id}`} />
      {retriable > 0 && (
        <AllowedButton size="xs" variant="default" because={because} onClick={retry.open}>
          {failed > 0
            ? `Retry ${failed} failed ${failed === 1 ? 'host' : 'hosts'}`
            : `Retry ${counted(retriable, 'host')}`}
        </AllowedButton>
      )}
      {!job.completed_at && (
        <AllowedButton size="xs" variant="default" because={because ?? cancelled} onClick={cancel.open}>
          Cancel job
        </AllowedButton>
      )}
      {retrying && <RetryDialog job={job} onClose={retry.close} />}
      <CancelJobDialog job={job} opened={cancelling} onClose={cancel.close} />
    </>
  );
}
